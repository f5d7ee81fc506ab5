import { parseIp } from '../std/ip.ts'

// SPF records as RFC 7208 §4.6 and §12 write them. Only their form is judged here.

export type Qualifier = '+' | '-' | '~' | '?'

export type Mechanism = { qualifier: Qualifier; text: string } & (
  | { kind: 'all' }
  | { kind: 'include'; domain: string }
  | { kind: 'exists'; domain: string }
  | { kind: 'a' | 'mx'; domain?: string; prefix4: number; prefix6: number }
  | { kind: 'ptr'; domain?: string }
  | { kind: 'ip4' | 'ip6'; words: readonly number[]; prefix: number }
)

/** `terms`: the mechanisms in order. What is not to be read stands in `faults`, with the term it is in. */
export type SpfRecord = { terms: Mechanism[]; redirect?: string; faults: string[] }

export const isSpf = (text: string): boolean => /^v=spf1(?: |$)/i.test(text)

/** Reads a record that `isSpf`. */
export function parseSpf(text: string): SpfRecord {
  const record: SpfRecord = { terms: [], faults: [] }
  const counts = { redirect: 0, exp: 0 }
  for (const term of text.slice('v=spf1'.length).split(' ')) {
    if (term === '') continue
    const modifier = /^([a-z][a-z0-9._-]*)=(.*)$/i.exec(term)
    if (modifier) readModifier(record, counts, modifier[1]!.toLowerCase(), modifier[2]!)
    else {
      const mechanism = readMechanism(term)
      if (mechanism) record.terms.push(mechanism)
      else record.faults.push(term)
    }
  }
  for (const name of ['redirect', 'exp'] as const)
    if (counts[name] > 1) record.faults.push(`${name}= stands there ${counts[name]} times`)
  return record
}

function readModifier(record: SpfRecord, counts: { redirect: number; exp: number }, name: string, value: string): void {
  if (name === 'redirect' || name === 'exp') {
    counts[name]++
    if (!isDomainSpec(value)) record.faults.push(`${name}=${value}`)
    else if (name === 'redirect') record.redirect = value
  } else if (!isMacroString(value)) record.faults.push(`${name}=${value}`)
}

function readMechanism(text: string): Mechanism | undefined {
  // A domain may have colons and slashes in it, RFC 7208 §7.1; digits behind the last slash are a prefix.
  const parts = /^([+\-~?]?)([a-z0-9]+)(?::(.*?))?((?:\/\d+)?(?:\/\/\d+)?)$/i.exec(text)
  if (!parts) return undefined
  const [, sign, kindText, value, length] = parts
  const qualifier = (sign || '+') as Qualifier
  const kind = kindText!.toLowerCase()
  switch (kind) {
    case 'all':
      return value === undefined && length === '' ? { kind, qualifier, text } : undefined
    case 'include':
    case 'exists':
      return isDomainSpec(value ?? '') && length === '' ? { kind, qualifier, text, domain: value! } : undefined
    case 'ptr':
      if (length !== '' || (value !== undefined && !isDomainSpec(value))) return undefined
      return { kind, qualifier, text, ...(value !== undefined && { domain: value }) }
    case 'a':
    case 'mx': {
      const prefixes = dualPrefix(length!)
      if (!prefixes || (value !== undefined && !isDomainSpec(value))) return undefined
      return { kind, qualifier, text, ...prefixes, ...(value !== undefined && { domain: value }) }
    }
    case 'ip4':
    case 'ip6': {
      const whole = text.slice(text.indexOf(':') + 1)
      const network = text.includes(':') ? networkIn(kind, whole) : undefined
      return network && { kind, qualifier, text, ...network }
    }
    default:
      return undefined
  }
}

const number = (text: string, max: number): number | undefined =>
  /^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) <= max ? Number(text) : undefined

/** RFC 7208 §5.6: `/24`, `//64`, `/24//64`. */
function dualPrefix(text: string): { prefix4: number; prefix6: number } | undefined {
  const parts = /^(?:\/(\d+))?(?:\/\/(\d+))?$/.exec(text)
  if (!parts) return undefined
  const prefix4 = number(parts[1] ?? '32', 32)
  const prefix6 = number(parts[2] ?? '128', 128)
  return prefix4 === undefined || prefix6 === undefined ? undefined : { prefix4, prefix6 }
}

function networkIn(kind: 'ip4' | 'ip6', text: string): { words: readonly number[]; prefix: number } | undefined {
  const [address = '', length, ...rest] = text.split('/')
  if (rest.length > 0 || (kind === 'ip4') === address.includes(':')) return undefined
  const ip = parseIp(address)
  const longest = kind === 'ip4' ? 32 : 128
  const prefix = length === undefined ? longest : number(length, longest)
  if (!ip || prefix === undefined) return undefined
  // An IPv4 address within IPv6 is no network of IPv6 senders; its length is kept.
  return { words: ip.words, prefix }
}

const macro = /%(?:\{[slodipvh]\d*r?[.\-+,/_=]*\}|[%_-])/gi

const isMacroString = (text: string): boolean => /^[\x21-\x7e]*$/.test(text.replace(macro, '')) && !hasStray(text)

const hasStray = (text: string): boolean => text.replace(macro, '').includes('%')

/** RFC 7208 §7.1: ends with a macro or with a top label. */
function isDomainSpec(text: string): boolean {
  if (text === '' || !isMacroString(text)) return false
  if (/%\{[^}]*\}$/.test(text)) return true
  const top = /\.([a-z0-9-]+)\.?$/i.exec(text)?.[1]
  return top !== undefined && !/^\d+$/.test(top) && !top.startsWith('-') && !top.endsWith('-')
}

export const hasMacro = (text: string): boolean => text.includes('%')

/** `%{d}` is the domain whose record is read (§7.2); the other letters come from a message. `undefined` where one is used. */
export function expanded(spec: string, domain: string): string | undefined {
  const text = spec.replace(/%\{d\}/gi, domain).replaceAll('%%', '%')
  return hasMacro(text) ? undefined : text
}
