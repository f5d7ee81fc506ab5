import { quoted, type Remark, type Rule } from '../finding.ts'
import type { Mail } from '../mail.ts'

/** Fillers in any language. */
const filler =
  /lorem ipsum|(?<![\p{L}\p{N}])(?:asdf\w{0,10}|qwertz?(?:uiop)?|foo ?bar|blah blah|FIXME|TBD|XXX+)|(?<!\p{L})TODO(?=[:(])(?![\p{L}\p{N}])|\[test\]/u
const inAnyCase = /lorem ipsum|dolor sit amet/i
/** A subject that begins so is somebody trying something out. */
const testSubject = /^\s*(?:\[?test(?:ing)?\]?|prueba)(?![\p{L}-])/iu
const testHost =
  /^(?:localhost|(?:[\w-]+\.)*(?:local|localhost|internal|intranet|invalid|lan))$|^(?:staging|stage|stg|dev|devel|test|testing|qa|uat|sandbox|preprod|preview)[\w-]*\.|^(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.[\d.]+$/

export const testText: Rule = {
  name: 'test-text',
  about: 'text or links of a test',
  look: (mail: Mail): Remark[] => [...inProse(mail), ...inLinks(mail)],
}

const inProse = ({ prose, words }: Mail): Remark[] =>
  prose.flatMap(({ part, text }) => {
    const found =
      filler.exec(text) ??
      inAnyCase.exec(text) ??
      words?.test.exec(text) ??
      (part === 'subject' ? testSubject.exec(text) : null)
    if (!found) return []
    return [
      {
        severity: 'error' as const,
        where: { part, quote: quoted(found[0]) },
        reason: 'People who get a test by mistake are frightened first and amused afterwards; both cost their trust.',
        better: 'Write the real text. Try it out with the preview, which reaches nobody.',
      },
    ]
  })

const inLinks = ({ links }: Mail): Remark[] =>
  links
    .filter(({ host }) => host !== undefined && testHost.test(host))
    .map(({ href, part }) => ({
      severity: 'error',
      where: { part, quote: quoted(href) },
      reason: 'The link leads to a test environment, which readers do not reach.',
      better: 'Link to the host that people use.',
    }))
