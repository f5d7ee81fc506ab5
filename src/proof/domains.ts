import { parse } from 'tldts'

// Which domains belong together, by the Public Suffix List, its private section included: two customers of one hosting domain are strangers.

/** What a host is registered as; `listed` when its suffix stands in the list. Reserved names of tests count as listed: people use them. */
export type Registration = {
  /** The organizational domain (RFC 9989 means the same), or the host itself where it has none: a suffix, `localhost`. */
  organization: string
  listed: boolean
}

/** RFC 6761, RFC 6762, RFC 9476 and what is used inside of networks. */
const reservedSuffixes = new Set([
  'example',
  'test',
  'invalid',
  'localhost',
  'local',
  'internal',
  'lan',
  'home',
  'corp',
])

/** Asked of the list once for each host; mails of a sender name the same few. */
const known = new Map<string, Registration>()
const knownMax = 20_000

/** `host`: lower case, A-labels or U-labels, no port. */
export function registrationOf(host: string): Registration {
  const found = known.get(host)
  if (found) return found
  const { domain, isIcann, isPrivate } = parse(host, {
    allowPrivateDomains: true,
    extractHostname: false,
    detectIp: false,
    validateHostname: false,
  })
  const suffix = host.slice(host.lastIndexOf('.') + 1)
  const registration: Registration = {
    organization: domain ?? host,
    listed: (domain !== null && (isIcann === true || isPrivate === true)) || reservedSuffixes.has(suffix),
  }
  if (known.size >= knownMax) known.clear()
  known.set(host, registration)
  return registration
}

export const organizationOf = (host: string): string => registrationOf(host).organization

/** Where everybody may have a mailbox: an address there is its holder's, and no sender's as a whole. */
const openMailboxDomains = new Set(
  'gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com aol.com icloud.com me.com mac.com gmx.de gmx.net gmx.com gmx.at gmx.ch web.de t-online.de freenet.de mail.com mail.ru yandex.ru yandex.com proton.me protonmail.com pm.me fastmail.com zoho.com qq.com 163.com 126.com naver.com orange.fr free.fr laposte.net libero.it'.split(
    ' ',
  ),
)

export const isOpenToAll = (domain: string): boolean =>
  openMailboxDomains.has(domain) || /^yahoo\.[a-z.]+$/.test(domain)
