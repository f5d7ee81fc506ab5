import type { ContentFinding, Proof } from '../core/content.ts'
import { mentionsMax } from '../core/events.ts'
import { addressesOf } from '../std/address-list.ts'
import { resolveReferences } from '../std/html.ts'
import { canonicalMailbox, type Mailbox, parseMailbox } from '../std/mailbox.ts'
import { addressesIn, addressesMax, Mentions } from './addresses.ts'
import { organizationOf } from './domains.ts'
import { decodeWords, type Field } from './header.ts'
import { linksIn, linksMax, type TextLink } from './links.ts'
import { ambiguities, defaultMailLimits, isPage, type Mail, type MailLimits, valuesOf } from './mail.ts'
import { type Page, type PageLink, readPage } from './page.ts'
import { readMail } from './read-mail.ts'
import { percentDecoded, seen } from './reading-text.ts'
import { type Look, lookOf } from './skeleton/look.ts'
import { type Said, testMaterialIn } from './test-material.ts'
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
  /** Whether it is wanted what was found, and where. */
  details?: true
  /** Whether the look of the message is wanted: who it is from where it does not say itself, or ''. */
  lookFrom?: string
}

/**
 * What one finding is about. `where`: of `header`, a field other than those of the recipients. `what`: a host, an address, the name of a field or
 * slot, or words of the content, by `code`; `shown`: the host that a link shows in place of its own; `why`: what is wrong with it.
 */
export type FindingDetail = {
  code: ContentFinding
  where: 'subject' | 'text' | 'html' | 'to' | 'header' | 'slot'
  what: string
  shown?: string
  why?: string
}
export const detailsMax = 20
const detailLengthMax = 320

/** `look`: what people see of it, where it is wanted and can be read. */
export type Proven = Proof & { look?: Look; details?: FindingDetail[] }

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
  const details = expectations.details ? new Details() : undefined
  const proven: Proven = judge(examined, material, expectations, details)
  if (details) proven.details = details.found
  if (expectations.lookFrom !== undefined && examined.ok)
    proven.look = shownLook(material, examined.mail, expectations.lookFrom)
  return proven
}

/** Each once, at most `detailsMax`. Whoever wants none goes no further than the first finding of a kind. */
class Details {
  readonly found: FindingDetail[] = []

  add(code: ContentFinding, where: FindingDetail['where'], { what, ...more }: Omit<FindingDetail, 'code' | 'where'>) {
    const cut = [...what].slice(0, detailLengthMax).join('')
    const isKnown = this.found.some(one => one.code === code && one.where === where && one.what === cut)
    if (!isKnown && this.found.length < detailsMax) this.found.push({ code, where, what: cut, ...more })
  }
}

/** `some`, which goes on to the end for whoever wants to hear of all. */
function anyOf<T>(items: readonly T[], is: (item: T) => boolean, details: Details | undefined): boolean {
  return details ? items.filter(is).length > 0 : items.some(is)
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
export function judge(examined: Examined, material: Material, expectations: Expectations, details?: Details): Proof {
  if (!examined.ok) {
    details?.add('content.unreadable', 'text', { what: 'larger, or nested deeper, than is looked at' })
    return { findings: ['content.unreadable'], mentions: [] }
  }
  const { mail } = examined
  const findings: ContentFinding[] = []
  const find = (finding: ContentFinding, found: boolean) => found && findings.push(finding)
  find('content.unreadable', isUnreadable(examined, details))
  find('content.recipients', mail !== undefined && namesOthers(mail.fields, expectations.recipient, details))
  const senders = sendersOf(mail, expectations)
  const allowed = allowedHosts(senders, expectations, mail !== undefined)
  const isOther = (one: Mailbox) => !isOwn(one, senders, allowed, expectations)
  const isAsked = expectations.addresses === 'own'
  const hear = isAsked && details ? hearOthers(details, isOther) : undefined
  const named = addressesOfAll(examined, hear)
  find('content.other-address', isAsked && (named.length >= addressesMax || named.some(isOther)))
  find('content.link', hasForeignLink(examined, allowed, details))
  const slots = expectations.slots ?? []
  find(
    'content.slot-active',
    anyOf(slots, slot => isActive(slot, allowed, expectations, details), details),
  )
  find('content.test-material', hasTestMaterial(examined, expectations, details))
  const isOtherwise = expectations.approved !== undefined && !isAsApproved(material, expectations.approved)
  if (isOtherwise)
    details?.add('content.not-as-approved', 'text', { what: 'not what the approved version makes of it' })
  find('content.not-as-approved', isOtherwise)
  const mentions = new Mentions([expectations.recipient, ...senders])
  for (const one of named) if (mentions.found.length < mentionsMax) mentions.add(one)
  return { findings, mentions: mentions.found }
}

type Apart = Extract<Examined, { ok: true }>
type Where = FindingDetail['where']
type Hear = (where: Where, found: readonly Mailbox[]) => void

function isUnreadable({ mail, pages }: Apart, details: Details | undefined): boolean {
  const isBroken = pages.some(({ whole }) => !whole)
  for (const one of mail?.ambiguities ?? []) details?.add('content.unreadable', 'text', { what: ambiguities[one] })
  if (isBroken) details?.add('content.unreadable', 'html', { what: 'a page with more in it than is looked at' })
  return (mail?.ambiguities.length ?? 0) > 0 || isBroken
}

const hearOthers =
  (details: Details, isOther: (one: Mailbox) => boolean): Hear =>
  (where, found) => {
    for (const one of found) if (isOther(one)) details.add('content.other-address', where, { what: one.address })
  }

const recipientFields = ['to', 'cc', 'bcc', 'resent-to', 'resent-cc', 'resent-bcc']

/** Fields without an address (`undisclosed-recipients:;`) name nobody. */
function namesOthers(fields: readonly Field[], recipient: Mailbox, details: Details | undefined): boolean {
  const own = canonicalMailbox(recipient)
  const isOther = (address: string) => {
    const parsed = parseMailbox(address)
    return !parsed.ok || canonicalMailbox(parsed.mailbox) !== own
  }
  const isFault = ({ name, value }: Field) => {
    if (!recipientFields.includes(name) || !addressesOf(value).some(isOther)) return false
    details?.add('content.recipients', 'to', { what: name })
    return true
  }
  return anyOf(fields, isFault, details)
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
function addressesOfAll({ subject, texts, htmls, pages, mail }: Apart, hear?: Hear): Mailbox[] {
  const found: Mailbox[] = []
  const take = (where: Where, some: readonly Mailbox[]) => {
    found.push(...some)
    hear?.(where, some)
  }
  const add = (where: Where, text: string) => {
    if (text.includes('@') || text.includes('%') || /[\uff20\ufe6b]/.test(text)) take(where, addressesIn(seen(text)))
  }
  add('subject', subject)
  for (const text of texts) {
    add('text', text)
    if (text.includes('%')) add('text', percentDecoded(text))
  }
  for (const html of htmls)
    if (/[@%]|&#|&commat/.test(html)) add('html', percentDecoded(resolveReferences(html, false)))
  for (const { text, hidden } of pages) {
    add('html', text)
    add('html', hidden)
  }
  for (const name of shownNames(mail?.fields ?? [])) add('header', name)
  for (const { name, value } of mail?.fields ?? []) if (answerFields.has(name)) take('header', addressesIn(value))
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
  { subject, texts, pages, mail }: Apart,
  allowed: AllowedHosts,
  details: Details | undefined,
): boolean {
  const tell = (where: Where, what: string, why?: string) =>
    details?.add('content.link', where, { what, ...(why !== undefined && { why }) })
  const inText = (where: Where, text: string) => {
    const links = linksIn(seen(text))
    if (links.length >= linksMax) tell(where, 'more links than are looked at')
    const isFault = ({ written, bare, host }: TextLink) => {
      if (bare ? isAllowedHost(asciiHost(host), allowed) : !isForeign(written, 'link', allowed, undefined)) return false
      if (bare) tell(where, asciiHost(host))
      else if (details) tell(where, ...leadsTo(written, allowed, undefined))
      return true
    }
    return links.length >= linksMax || anyOf(links, isFault, details)
  }
  // Programs make a button of it (RFC 2369, RFC 8058).
  const lists = valuesOf(mail?.fields ?? [], 'list-unsubscribe')
  const inPage = (page: Page) => {
    if (page.active) tell('html', 'a script, or something else that runs')
    const isFault = ({ url, kind, shown }: PageLink) => {
      const foreign = isForeign(url, kind, allowed, page.base)
      if (!foreign && !isDisguised(url, shown, page.base)) return false
      if (details) addLink(details, { url, shown, base: page.base }, allowed)
      return true
    }
    return anyOf(
      [
        () => page.active,
        () => anyOf(page.links, isFault, details),
        () => inText('html', page.text),
        () => inText('html', page.hidden),
      ],
      look => look(),
      details,
    )
  }
  const looks = [
    () => inText('subject', subject),
    ...texts.map(text => () => inText('text', text)),
    ...lists.map(list => () => inText('header', list)),
    ...pages.map(page => () => inPage(page)),
  ]
  return anyOf(looks, look => look(), details)
}

/** The host, and why it is none to link to where it is hidden; of a redirect, the host within. */
function leadsTo(url: string, allowed: AllowedHosts, base: string | undefined): [what: string, why?: string] {
  const target = targetOf(url, base)
  if (target.is !== 'web') return [url, target.is === 'deceptive' ? 'hides where it leads' : 'is no address of the web']
  if (!isAllowedHost(target.host, allowed)) return [target.host]
  for (const inner of linksWithin(url) ?? []) {
    const within = targetOf(inner)
    if (within.is === 'deceptive') return [inner, `is what a link to ${target.host} leads on to`]
    if (within.is === 'web' && !isAllowedHost(within.host, allowed))
      return [within.host, `is where a link to ${target.host} leads on to`]
  }
  return [target.host]
}

function addLink(
  details: Details,
  { url, shown, base }: { url: string; shown: string; base: string | undefined },
  allowed: AllowedHosts,
): void {
  const [what, why] = leadsTo(url, allowed, base)
  const named = isDisguised(url, shown, base) ? linksIn(seen(shown))[0]?.host : undefined
  details.add('content.link', 'html', {
    what,
    ...(named !== undefined && { shown: named }),
    ...(why !== undefined && { why }),
  })
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

function isActive(
  { name, value, control, type }: SlotValue,
  allowed: AllowedHosts,
  expectations: Expectations,
  details: Details | undefined,
): boolean {
  if (control === 'trusted') return false
  const active = activeIn(value)
  if (active.length === 0) return false
  if (type === 'address') {
    const parsed = parseMailbox(value.trim())
    if (parsed.ok && isOwn(parsed.mailbox, [], allowed, { ...expectations, slots: [] })) return false
  }
  details?.add('content.slot-active', 'slot', { what: name, why: `its value brings ${active.join(', ')}` })
  return true
}

function hasTestMaterial({ subject, texts, pages }: Apart, { slots = [] }: Expectations, details?: Details): boolean {
  const values = slots.filter(({ control }) => control === 'user').map(({ value }) => value)
  const shown = pages.flatMap(({ text, hidden }) => [text, hidden])
  const urls = pages.flatMap(({ links }) => links.map(({ url }) => url))
  const isFound = testMaterialIn({ subject, texts: [...texts, ...shown], urls }, values) !== undefined
  if (!isFound || !details) return isFound
  const places: [Where, Said][] = [
    ['subject', { subject, texts: [], urls: [] }],
    ...texts.map((text): [Where, Said] => ['text', { subject: '', texts: [text], urls: [] }]),
    ['html', { subject: '', texts: shown, urls }],
  ]
  for (const [where, said] of places) {
    const what = testMaterialIn(said, values)
    if (what !== undefined) details.add('content.test-material', where, { what: what.trim() })
  }
  return isFound
}

const isAsApproved = (material: Material, approved: Rendered): boolean =>
  material.kind === 'parts' &&
  material.subject === approved.subject &&
  material.text === approved.text &&
  material.html === approved.html
