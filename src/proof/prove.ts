import type { ContentFinding, Proof } from '../core/content.ts'
import { mentionsMax } from '../core/events.ts'
import { addressesOf } from '../std/address-list.ts'
import { resolveReferences } from '../std/html.ts'
import { canonicalMailbox, type Mailbox, parseMailbox } from '../std/mailbox.ts'
import { addressesIn, addressesMax, Mentions } from './addresses.ts'
import { organizationOf } from './domains.ts'
import { decodeWords, type Field } from './header.ts'
import { linksIn, linksMax } from './links.ts'
import { defaultMailLimits, isPage, type Mail, type MailLimits, valuesOf } from './mail.ts'
import { type Page, type PageLink, readPage } from './page.ts'
import { readMail } from './read-mail.ts'
import { percentDecoded, seen } from './reading-text.ts'
import { type Look, lookOf } from './skeleton/look.ts'
import { testMaterialIn } from './test-material.ts'
import { type AllowedHosts, isAllowedHost, isOwnDomain, linksWithin, targetOf } from './urls.ts'
import { activeIn } from './values.ts'

/** What is to be proven: a whole mail as it came in, or the parts of one that will be composed, rendered from a template or not. */
export type Material =
  | { kind: 'raw'; data: Uint8Array }
  | { kind: 'parts'; subject: string; text?: string; html?: string }

/** A value that was put into a template. `type`: that of its slot; `address` and `url` have rules of their own. */
export type SlotValue = { name: string; value: string; control: 'user' | 'trusted'; type: string }

export type Rendered = { subject: string; text?: string; html?: string }

export type Expectations = {
  /** The one recipient of the envelope. */
  recipient: Mailbox
  /** Who the content is from where it has no From of its own; `undefined` when nobody has said, and then no host can be foreign. */
  sender?: Mailbox
  /** Hosts that the policy allows, besides the sender's organization. */
  hosts: readonly string[]
  /** `any`: the content may name whomever it likes. */
  addresses: 'own' | 'any'
  /** Addresses of the account, where they are known. */
  known?: readonly Mailbox[]
  slots?: readonly SlotValue[]
  /** What the approved template renders to, derived anew. */
  approved?: Rendered
  /** Whether the look of the message is wanted: who it is from where it does not say itself, or ''. */
  lookFrom?: string
}

/** `look`: what people see of it, where it is wanted and can be read. */
export type Proven = Proof & { look?: Look }

/** A material taken apart: everything that `prove` and whoever compares looks need of it. */
export type Examined =
  | {
      ok: true
      subject: string
      texts: readonly string[]
      /** As written. */
      htmls: readonly string[]
      pages: readonly Page[]
      /** Of a raw mail. */
      mail?: Mail
    }
  | { ok: false }

/** What the bytes of a message show against what is expected of them (check 5 of the gate). Pure, bounded, never throws on any bytes. */
export function prove(material: Material, expectations: Expectations, limits: MailLimits = defaultMailLimits): Proven {
  const examined = examine(material, limits)
  const proven: Proven = judge(examined, material, expectations)
  if (expectations.lookFrom !== undefined && examined.ok)
    proven.look = shownLook(material, examined.mail, expectations.lookFrom)
  return proven
}

function shownLook(material: Material, mail: Mail | undefined, from: string): Look {
  if (mail) return lookOf(mail)
  const { kind: _, ...parts } = material as Extract<Material, { kind: 'parts' }>
  return from === '' ? parts : { from, ...parts }
}

/** Takes a material apart. `ok: false`: it exceeds a limit. */
export function examine(material: Material, limits: MailLimits = defaultMailLimits): Examined {
  if (material.kind === 'parts') {
    const { subject, text, html } = material
    if ((text?.length ?? 0) + (html?.length ?? 0) > limits.textLengthMax) return { ok: false }
    const texts = text === undefined ? [] : [text]
    const htmls = html === undefined ? [] : [html]
    return { ok: true, subject, texts, htmls, pages: htmls.map(readPage) }
  }
  const reading = readMail(material.data, limits)
  if (!reading.ok) return { ok: false }
  const { mail } = reading
  const texts: string[] = []
  const htmls: string[] = []
  collect(mail, texts, htmls)
  return { ok: true, subject: mail.subject, texts, htmls, pages: htmls.map(readPage), mail }
}

/** Attachments and enclosed mails are read by people too. */
function collect(mail: Mail, texts: string[], htmls: string[]): void {
  for (const part of mail.parts) {
    const { text, enclosed } = part
    if (text !== undefined) (isPage(part) ? htmls : texts).push(text)
    if (!enclosed) continue
    texts.push(enclosed.subject)
    collect(enclosed, texts, htmls)
  }
}

/** Judges what was taken apart. The findings are in the order of `contentFindings`, each once. */
export function judge(examined: Examined, material: Material, expectations: Expectations): Proof {
  if (!examined.ok) return { findings: ['content.unreadable'], mentions: [] }
  const { mail, pages } = examined
  const findings: ContentFinding[] = []
  const find = (finding: ContentFinding, found: boolean) => found && findings.push(finding)
  find('content.unreadable', (mail?.ambiguities.length ?? 0) > 0 || pages.some(({ whole }) => !whole))
  find('content.recipients', mail !== undefined && namesOthers(mail.fields, expectations.recipient))
  const senders = sendersOf(mail, expectations)
  const allowed = allowedHosts(senders, expectations, mail !== undefined)
  const named = addressesOfAll(examined)
  find(
    'content.other-address',
    expectations.addresses === 'own' &&
      (named.length >= addressesMax || named.some(one => !isOwn(one, senders, allowed, expectations))),
  )
  find('content.link', hasForeignLink(examined, allowed))
  find('content.slot-active', expectations.slots?.some(slot => isActive(slot, allowed, expectations)) ?? false)
  find('content.test-material', hasTestMaterial(examined, expectations))
  find('content.not-as-approved', expectations.approved !== undefined && !isAsApproved(material, expectations.approved))
  const mentions = new Mentions([expectations.recipient, ...senders])
  for (const one of named) if (mentions.found.length < mentionsMax) mentions.add(one)
  return { findings, mentions: mentions.found }
}

const recipientFields = ['to', 'cc', 'bcc', 'resent-to', 'resent-cc', 'resent-bcc']

/** Fields without an address (`undisclosed-recipients:;`) name nobody. */
function namesOthers(fields: readonly Field[], recipient: Mailbox): boolean {
  const own = canonicalMailbox(recipient)
  for (const { name, value } of fields) {
    if (!recipientFields.includes(name)) continue
    for (const address of addressesOf(value)) {
      const parsed = parseMailbox(address)
      if (!parsed.ok || canonicalMailbox(parsed.mailbox) !== own) return true
    }
  }
  return false
}

function sendersOf(mail: Mail | undefined, { sender }: Expectations): Mailbox[] {
  const authors = valuesOf(mail?.fields ?? [], 'from').flatMap(value =>
    addressesOf(value).flatMap(address => {
      const parsed = parseMailbox(address)
      return parsed.ok ? [parsed.mailbox] : []
    }),
  )
  return authors.length > 0 || !sender ? authors : [sender]
}

/** Of several authors the first counts, whom all programs show. A mail that says of nobody that it is from them may link nowhere. */
function allowedHosts([author]: readonly Mailbox[], { hosts }: Expectations, isMail: boolean): AllowedHosts {
  if (author) return { organizations: [organizationOf(author.domain)], hosts }
  return { organizations: isMail ? [] : undefined, hosts }
}

/** Also in what is not shown: comments, alternatives of images, addresses of links, names shown for the recipient. */
function addressesOfAll({ subject, texts, htmls, pages, mail }: Extract<Examined, { ok: true }>): Mailbox[] {
  const found: Mailbox[] = []
  const add = (text: string) => {
    if (text.includes('@') || text.includes('%') || /[\uff20\ufe6b]/.test(text)) found.push(...addressesIn(seen(text)))
  }
  add(subject)
  for (const text of texts) {
    add(text)
    if (text.includes('%')) add(percentDecoded(text))
  }
  for (const html of htmls) if (/[@%]|&#|&commat/.test(html)) add(percentDecoded(resolveReferences(html, false)))
  for (const { text, hidden } of pages) {
    add(text)
    add(hidden)
  }
  for (const name of shownNames(mail?.fields ?? [])) add(name)
  for (const { name, value } of mail?.fields ?? []) if (answerFields.has(name)) found.push(...addressesIn(value))
  return found
}

/** To whom a program writes when its user answers, or says nothing at all (RFC 5322 §3.6.2, RFC 8098 §2.1). */
const answerFields = new Set([
  'reply-to',
  'mail-reply-to',
  'mail-followup-to',
  'disposition-notification-to',
  'return-receipt-to',
])

/** The names that are shown in place of addresses: of the author, and of whom it is to. */
const shownNames = (fields: readonly Field[]): string[] =>
  fields
    .filter(({ name, value }) => (name === 'from' || name === 'to') && value.includes('<'))
    .map(({ value }) => decodeWords(value.replace(/<[^<>]*>/g, ' '), { words: 0 }))

function isOwn(
  one: Mailbox,
  senders: readonly Mailbox[],
  allowed: AllowedHosts,
  { recipient, known = [], slots = [] }: Expectations,
): boolean {
  if (one.address === recipient.address || isOwnDomain(one.domain, allowed)) return true
  const canonical = canonicalMailbox(one)
  const isSame = (other: Mailbox) => canonicalMailbox(other) === canonical
  if (isSame(recipient) || senders.some(isSame) || known.some(isSame)) return true
  return slots.some(({ type, value }) => type === 'address' && addressesIn(value).some(isSame))
}

/** Links taken apart for redirects, within one another. */
function isForeign(url: string, kind: PageLink['kind'], allowed: AllowedHosts, base: string | undefined): boolean {
  const target = targetOf(url, base)
  switch (target.is) {
    case 'deceptive':
      return true
    case 'image':
      return kind === 'link' || kind === 'form'
    case 'web':
      if (!isAllowedHost(target.host, allowed)) return true
      break
    default:
      return false
  }
  return (
    linksWithin(url)?.some(inner => {
      const within = targetOf(inner)
      return within.is === 'deceptive' || (within.is === 'web' && !isAllowedHost(within.host, allowed))
    }) ?? false
  )
}

function hasForeignLink(
  { subject, texts, pages, mail }: Extract<Examined, { ok: true }>,
  allowed: AllowedHosts,
): boolean {
  const inText = (text: string) => {
    const links = linksIn(seen(text))
    return (
      links.length >= linksMax ||
      links.some(({ written, bare, host }) =>
        bare ? !isAllowedHost(asciiHost(host), allowed) : isForeign(written, 'link', allowed, undefined),
      )
    )
  }
  // Programs make a button of it (RFC 2369, RFC 8058).
  const lists = valuesOf(mail?.fields ?? [], 'list-unsubscribe')
  if ([subject, ...texts, ...lists].some(inText)) return true
  return pages.some(
    page =>
      page.active ||
      page.links.some(
        ({ url, kind, shown }) => isForeign(url, kind, allowed, page.base) || isDisguised(url, shown, page.base),
      ) ||
      inText(page.text) ||
      inText(page.hidden),
  )
}

/** Whether a link shows the name of another host than the one that it leads to. */
function isDisguised(url: string, shown: string, base: string | undefined): boolean {
  if (!shown.includes('.') && !shown.includes('://')) return false
  const named = linksIn(seen(shown))
  if (named.length === 0) return false
  const target = targetOf(url, base)
  if (target.is !== 'web') return target.is !== 'within' || !url.startsWith('#')
  const organization = organizationOf(target.host)
  return named.some(({ host }) => organizationOf(asciiHost(host)) !== organization)
}

function asciiHost(host: string): string {
  if (!/[^\x00-\x7f]/.test(host)) return host
  return URL.canParse(`https://${host}`) ? new URL(`https://${host}`).hostname : host
}

function isActive({ value, control, type }: SlotValue, allowed: AllowedHosts, expectations: Expectations): boolean {
  if (control === 'trusted') return false
  const active = activeIn(value)
  if (active.length === 0) return false
  if (type === 'address') {
    const parsed = parseMailbox(value.trim())
    return !(parsed.ok && isOwn(parsed.mailbox, [], allowed, { ...expectations, slots: [] }))
  }
  return true
}

function hasTestMaterial(
  { subject, texts, pages }: Extract<Examined, { ok: true }>,
  { slots = [] }: Expectations,
): boolean {
  const values = slots.filter(({ control }) => control === 'user').map(({ value }) => value)
  const said = {
    subject,
    texts: [...texts, ...pages.flatMap(({ text, hidden }) => [text, hidden])],
    urls: pages.flatMap(({ links }) => links.map(({ url }) => url)),
  }
  return testMaterialIn(said, values) !== undefined
}

const isAsApproved = (material: Material, approved: Rendered): boolean =>
  material.kind === 'parts' &&
  material.subject === approved.subject &&
  material.text === approved.text &&
  material.html === approved.html
