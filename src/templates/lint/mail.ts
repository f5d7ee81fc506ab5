import { shownDomain } from '../../std/punycode.ts'
import { type Page, readPage } from './page.ts'
import { guessLanguage, type Words, wordsOf } from './words/words.ts'

/** A mail, or a template with sample values, as it is looked at. What is left out is not known, and rules that need it have nothing to say. */
export type LintSubject = {
  subject: string
  text?: string
  html?: string
  /** BCP 47. Without one the mail's own or a guess. */
  language?: string
  /** Class of the message; it says what guidance a reader needs. */
  class?: string
  /** People may leave it: news, tips, summaries. Security messages are not optional. */
  optional?: boolean
  /** The domain of the sender. */
  from?: string
  /** Hosts that links may lead to; `*.example.org` is every host below. */
  hosts?: readonly string[]
  /** Names that are written as they are: of the sender, of products. */
  names?: readonly string[]
  /** What others have put in (names, devices): it is not judged by its wording. */
  values?: readonly string[]
  /** The header fields. */
  header?: readonly { name: string; value: string }[]
}

/** Where a link leads. `host` is in lower case, in A-labels; `shown` is the host as people see it. */
export type Target = { href: string; scheme: string; host?: string; shown?: string; url?: URL }
export type Link = Target & { part: 'text' | 'html'; text?: string; hidden: boolean; images: readonly string[] }

/** Text for people, with the addresses of links left out, and values too. */
export type Prose = { part: 'subject' | 'text' | 'html'; text: string }

export type Mail = Omit<LintSubject, 'language'> & {
  language: string | undefined
  words: Words | undefined
  page: Page | undefined
  prose: readonly Prose[]
  links: readonly Link[]
  /** Class by which guidance is looked for. */
  isSecurity: boolean
}

/** Classes of a fresh installation whose messages nobody can leave. */
const securityClasses = new Set([
  'password-reset',
  'sign-in-alert',
  'credential-changed',
  'recovery-changed',
  'forced-reset',
  'activity-review',
  'breach-notice',
  'incident-update',
  'correction',
])

export const isSecurityClass = (name: string | undefined): boolean => name !== undefined && securityClasses.has(name)

/** As much as a template may have; of more than this nobody reads the end. */
const textCharsMax = 100 * 1024
const linksMax = 500
/** Stands for a value that is not judged. */
const blank = '\ufffc'

export function mailOf(subject: LintSubject): Mail {
  const page = subject.html === undefined ? undefined : readPage(subject.html)
  const text = subject.text?.slice(0, textCharsMax)
  const spoken = { subject: subject.subject, text: text ?? '', html: page?.lines.join('\n') ?? '' }
  const language = primaryOf(
    subject.language ?? page?.language ?? guessLanguage(`${spoken.subject}\n${spoken.text || spoken.html}`),
  )
  const prose: Prose[] = [{ part: 'subject', text: plain(spoken.subject, subject.values) }]
  if (text !== undefined) prose.push({ part: 'text', text: plain(spoken.text, subject.values) })
  if (page) prose.push({ part: 'html', text: plain(spoken.html, subject.values) })
  return {
    ...subject,
    language,
    words: wordsOf(language),
    page,
    prose,
    links: [...linksOfPage(page), ...linksOfText(text)],
    isSecurity: isSecurityClass(subject.class) && subject.optional !== true,
  }
}

const primaryOf = (tag: string | undefined): string | undefined => tag?.split('-')[0]?.trim().toLowerCase() || undefined

/** By which language, as a subtag (`en`), a mail is judged, and whether it is so long that only its beginning is. */
export function readingOf(subject: LintSubject): { language: string | undefined; cut: boolean } {
  const { language, page, text = '' } = mailOf(subject)
  return { language, cut: text.length > textCharsMax || (page?.cut ?? false) }
}

/** One spelling for what is written in several: quotes, spaces, invisible characters. Values and addresses of links give way to a blank. */
function plain(text: string, values: readonly string[] = []): string {
  let result = text.normalize('NFC')
  for (const value of values) if (value.trim().length > 1) result = result.replaceAll(value.normalize('NFC'), blank)
  return result
    .replace(webAddress, ' ')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/[\u2018\u2019\u201b\u02bc\u00b4]/g, "'")
    .replace(/[^\S\n]+/g, ' ')
}

const webAddress = /\bhttps?:\/\/[^\s<>"\ufffc]{1,2000}/gi

function linksOfPage(page: Page | undefined): Link[] {
  return (page?.links ?? []).slice(0, linksMax).map(({ href, text, hidden, images }) => ({
    ...targetOf(href),
    part: 'html',
    text: text.replace(/\s+/g, ' ').trim(),
    hidden,
    images,
  }))
}

function linksOfText(text: string | undefined): Link[] {
  const found = text?.match(webAddress) ?? []
  return [...new Set(found)].slice(0, linksMax).map(href => ({
    ...targetOf(href.replace(/[.,;:!?)\]'»”]+$/, '')),
    part: 'text',
    hidden: false,
    images: [],
  }))
}

/** Reads an address as a browser does (WHATWG URL): spaces and line breaks go, a backslash is a slash. */
export function targetOf(href: string): Target {
  const written = href.replace(/[\t\n\r]/g, '').trim()
  try {
    const url = new URL(written, written.startsWith('//') ? 'https://base.invalid' : undefined)
    const target: Target = { href: written, scheme: url.protocol.slice(0, -1), url }
    if (url.hostname !== '') {
      target.host = url.hostname.toLowerCase().replace(/\.$/, '')
      target.shown = shownDomain(target.host)
    }
    return target
  } catch {
    return { href: written, scheme: '' }
  }
}

/** A host that a pattern names: itself, or with `*.` every host below. */
export function isWithin(host: string, pattern: string): boolean {
  const wanted = pattern.toLowerCase()
  return wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) : host === wanted
}

export const isWebLink = ({ scheme }: Target): boolean => scheme === 'http' || scheme === 'https'

/** The sentences of a text: a line ends one as well. */
export const sentencesOf = (text: string): string[] =>
  text
    .split(/(?<=[.!?:;…])\s+|\n+/)
    .map(sentence => sentence.trim())
    .filter(sentence => /\p{L}/u.test(sentence))
