import { coversHost } from '../core/policy.ts'
import { isOpenToAll, organizationOf } from './domains.ts'
import { percentDecoded } from './reading-text.ts'

// Where a link leads, read as browsers read it (WHATWG URL), and whether it may lead there.

/** `organizations`: those of the sender; `undefined` when nobody has said who sends, and then only what no honest link has is refused. */
export type AllowedHosts = {
  organizations: readonly string[] | undefined
  /** As the policy has them: `example.org`, `*.example.org`. */
  hosts: readonly string[]
}

export type Target =
  | { is: 'web'; host: string }
  /** Goes nowhere else: a fragment, a part of the mail, a path without a base. */
  | { is: 'within' }
  | { is: 'mail' | 'phone' }
  | { is: 'image' }
  /** No honest link has it, or two readers would follow it to different places. */
  | { is: 'deceptive' }

const plain = /^https?:\/\/([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::\d{1,5})?(?:[/?#][^\\\s]*)?$/
const lengthMax = 16_384

/** `base`: the one that the page names. */
export function targetOf(written: string, base?: string): Target {
  const quick = plain.exec(written)
  if (quick && !/^[\d.]+$/.test(quick[1]!)) return { is: 'web', host: quick[1]! }
  if (written.length > lengthMax && !/^\s*data:/i.test(written)) return { is: 'deceptive' }
  // What browsers do before they look (WHATWG URL §4.4): tabs and line ends go wherever they stand.
  const text = written.replace(/[\t\n\r]/g, '').replace(/^[\x00-\x20\u00a0]+|[\x00-\x20\u00a0]+$/g, '')
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined || looksLikeHostAndPort(text)) return withoutScheme(text, base)
  switch (scheme) {
    case 'http':
    case 'https':
    case 'ftp':
      return webTarget(text)
    case 'mailto':
      return { is: 'mail' }
    case 'tel':
    case 'sms':
      return { is: 'phone' }
    case 'cid':
    case 'mid':
      return { is: 'within' }
    case 'data':
      return { is: /^data:image\/(?:png|gif|jpe?g|webp|bmp|x-icon)[;,]/i.test(text) ? 'image' : 'deceptive' }
    default:
      return { is: 'deceptive' }
  }
}

/** `localhost:3000/x`, which browsers take for a scheme and people do not. */
const looksLikeHostAndPort = (text: string): boolean => /^[a-z0-9.-]+:\d{1,5}(?:[/?#]|$)/i.test(text)

function withoutScheme(text: string, base: string | undefined): Target {
  if (text === '' || text.startsWith('#')) return { is: 'within' }
  if (/^[\\/]{2}/.test(text)) return text.startsWith('//') ? webTarget(`https:${text}`) : { is: 'deceptive' }
  if (base !== undefined) return URL.canParse(text, base) ? webTarget(new URL(text, base).href) : { is: 'deceptive' }
  const first = /^[^/?#]*/.exec(text)![0]
  return /^(?:[^\s.]+\.)+[^\s.\d][^\s.]*$/.test(first) || looksLikeHostAndPort(text)
    ? webTarget(`https://${text}`)
    : { is: 'within' }
}

function webTarget(text: string): Target {
  const authority = /^[a-z]+:([\\/]*)([^\\/?#]*)(\\?)/i.exec(text)!
  // Two slashes, no more, no fewer, none of them the other way round; no name before the host, nothing encoded in it.
  if (authority[1] !== '//' || authority[3] !== '' || /[@%]/.test(authority[2]!)) return { is: 'deceptive' }
  if (!URL.canParse(text)) return { is: 'deceptive' }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '' || url.hostname === '') return { is: 'deceptive' }
  return { is: 'web', host: url.hostname.replace(/\.$/, '') }
}

/** Whether a link may lead to a host: one of the sender's organization, or one that the policy names. */
export function isAllowedHost(host: string, { organizations, hosts }: AllowedHosts): boolean {
  if (hosts.length > 0 && coversHost(hosts, host)) return true
  if (organizations === undefined) return !isNumber(host)
  if (isLoopback(host)) return organizations.includes('localhost')
  return !isNumber(host) && organizations.includes(organizationOf(host))
}

const isNumber = (host: string): boolean => /^[\d.]+$/.test(host) || host.startsWith('[')
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '127.0.0.1' || host === '[::1]'

/** Whether an address at a domain is the sender's own: a domain where everybody may have one is nobody's. */
export function isOwnDomain(domain: string, { organizations, hosts }: AllowedHosts): boolean {
  if (hosts.length > 0 && coversHost(hosts, domain)) return true
  return !isOpenToAll(domain) && (organizations?.includes(organizationOf(domain)) ?? false)
}

/**
 * The links within a link: an open redirect leads where its parameter says. Absolute ones only, as most redirects take them; `undefined` where
 * there are none.
 */
export function linksWithin(written: string): string[] | undefined {
  const query = written.search(/[?#]/)
  if (query === -1) return undefined
  const text = percentDecoded(written.slice(query + 1))
  if (!text.includes('//') && !text.includes('\\')) return undefined
  const found = [...text.matchAll(/(?:https?:)?[\\/]{2}[^\s&"'<>]+/gi)].map(([link]) => link)
  return found.length > 0 ? found : undefined
}
