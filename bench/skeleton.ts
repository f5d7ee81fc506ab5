// skeleton: what recognizing the look of a mail costs, µs of one core for a mail of 4 KB of decoded subject, text and HTML.
import { hash } from 'node:crypto'
import type { Look } from '../src/proof/skeleton/look.ts'
import { keyedTokenHash } from '../src/proof/skeleton/token-hash.ts'
import { Vault } from '../src/proof/skeleton/vault.ts'
import { mailTemplates, Values } from '../test/mail-templates.ts'
import { environment, figures, type Options, type Report, type Result, say, tidy } from './report.ts'

const bytes = 4096
const seed = 7
const mails = 256
const warmUps = 20
/** So many are looked at, one by one, before a sample is taken: see the vault. */
const coldMails = 256

/** Of a template with enough fixed text to be of the size. */
function lookOf(values: Values): Look {
  const look = mailTemplates.reset!(values)
  const size = look.subject.length + look.text!.length + look.html!.length
  const line = 'This mail was sent because somebody has asked for it, and it says what to do if that was not you. '
  const more = line.repeat(Math.ceil((bytes - size) / line.length)).slice(0, Math.max(0, bytes - size))
  return { ...look, html: look.html!.replace('</h1>', `</h1><p>${more}</p>`) }
}

const newVault = () => new Vault({ hash: keyedTokenHash(1, 2), digest: text => hash('sha256', text, 'base64url') })

/** `recipient`: with one recipient nothing is ever learnt. */
type Case = { vault: Vault; looks: Look[]; class(i: number): string; recipient?: string; isCold?: boolean }

function learntVault(looks: readonly Look[]): Vault {
  const vault = newVault()
  looks.forEach((look, i) => {
    vault.see({ application: 'shop', class: 'other', recipient: `r${i}`, look, at: i })
  })
  return vault
}

function cases(): Record<string, Case> {
  const values = new Values(seed)
  const known = Array.from({ length: mails }, () => lookOf(values))
  const templates = Object.values(mailTemplates)
  const mixed = Array.from({ length: 4 * mails }, () => values.pick(templates)(values))
  const changed = known.map(look => ({
    ...look,
    html: look.html!.replace('//shop.example/reset', '//evil.example/reset'),
  }))
  const strange = known.map(look => ({
    ...look,
    text: values
      .token(64)
      .replace(/(.{5})/g, '$1 ')
      .repeat(6),
    html: `<p>${values.token(3000).replace(/(.{5})/g, '$1 ')}</p>`,
  }))
  const other = () => 'other'
  return {
    tocsin: { vault: learntVault(known), looks: known, class: other },
    oneOfTwenty: { vault: learntVault(mixed), looks: mixed.slice(0, mails), class: other },
    changed: { vault: learntVault(known), looks: changed, class: other, recipient: 'one', isCold: true },
    learning: { vault: newVault(), looks: known, class: i => `class ${i >> 3}`, isCold: true },
    unlike: { vault: newVault(), looks: strange, class: other },
  }
}

/** µs of processor time for a mail: others may be at work on the machine. What is learnt by mails is not warmed up: that is its cost. */
function measure({ vault, looks, class: classOf, recipient, isCold }: Case, seconds: number): number {
  let n = 0
  const all = () => {
    for (const look of looks)
      vault.see({ application: 'shop', class: classOf(n), recipient: recipient ?? `r${n}`, look, at: n++ })
  }
  if (!isCold) for (let i = 0; i < warmUps; i++) all()
  const first = n
  const before = process.cpuUsage()
  for (;;) {
    all()
    const { user, system } = process.cpuUsage(before)
    const used = user + system
    if (used > seconds * 1e6 || (isCold && n >= coldMails)) return used / (n - first)
  }
}

export async function skeleton({ rounds, seconds }: Options): Promise<Report> {
  const measured = new Map<string, number[]>()
  for (let round = 1; round <= rounds; round++)
    for (const [name, one] of Object.entries(cases())) {
      const perMail = measure(one, seconds)
      say(`round ${round}: ${name}: ${tidy(perMail)} µs a mail`)
      measured.set(name, [...(measured.get(name) ?? []), perMail])
    }
  const results: Record<string, Result> = {}
  for (const [name, all] of measured) results[name] = { ...figures(all), detail: {} }
  return { name: 'skeleton', unit: 'µs/mail', results, ratios: {}, rounds, environment: await environment() }
}
