import type { Remark, Rule } from '../finding.ts'
import type { Mail } from '../mail.ts'
import type { Words } from '../words/words.ts'
import { bodies, bodyOf } from './wording.ts'

type Guidance = keyof Words['guidance']

/** A rule for what every body of a mail of some classes has to say. */
export function guidanceRule(
  about: { name: string; about: string; reason: string },
  kind: Guidance,
  asks: (mail: Mail) => boolean,
  otherSigns?: RegExp,
): Rule {
  return {
    name: about.name,
    about: about.about,
    look(mail: Mail): Remark[] {
      const guidance = mail.words?.guidance[kind]
      if (!guidance || !asks(mail)) return []
      const says = (text: string): boolean => guidance.pattern.test(text) || (otherSigns?.test(text) ?? false)
      const found = bodies(mail)
      if (found.length > 0 && found.every(says)) return []
      const part = found.length === 2 && says(found[0]!) ? 'html' : bodyOf(mail)
      return [
        { severity: 'error', where: { part }, reason: about.reason, better: `Say it, for example: "${guidance.say}"` },
      ]
    },
  }
}

export const isOf = (...classes: string[]) => {
  const wanted = new Set(classes)
  return ({ class: name }: Mail): boolean => name !== undefined && wanted.has(name)
}
