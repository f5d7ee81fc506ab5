/**
 * DNS as the audit asks it. An answer never throws: that a name has nothing (`nxdomain`, `nodata`) is one thing, that nobody said so
 * (`servfail`, `timeout`) another, and no check may take the second for the first.
 */
export type Dns = {
  /** Each record as its character strings, RFC 1035 §3.3.14. */
  txt(name: string): Promise<Answer<string[]>>
  mx(name: string): Promise<Answer<Mx>>
  a(name: string): Promise<Answer<string>>
  aaaa(name: string): Promise<Answer<string>>
  /** The alias of the name itself; it is not followed. */
  cname(name: string): Promise<Answer<string>>
  ns(name: string): Promise<Answer<string>>
  /** `name` is that of the reverse zone: `1.2.0.192.in-addr.arpa`. */
  ptr(name: string): Promise<Answer<string>>
}

/** `exchange` is without its last dot; that of a null MX (RFC 7505 §3) is empty. */
export type Mx = { preference: number; exchange: string }

/** There is no telling what the zone says. */
export type Lost = { status: 'servfail' | 'timeout'; why?: string }

export type Answer<T> = { status: 'records'; records: T[] } | { status: 'nxdomain' } | { status: 'nodata' } | Lost

export type RecordType = keyof Dns

export const recordTypes = ['txt', 'mx', 'a', 'aaaa', 'cname', 'ns', 'ptr'] as const satisfies readonly RecordType[]

export const isLost = (answer: Answer<unknown>): answer is Lost =>
  answer.status === 'servfail' || answer.status === 'timeout'

/** The records, none when there are none; `undefined` when nobody could say. */
export function recordsOf<T>(answer: Answer<T>): T[] | undefined {
  if (answer.status === 'records') return answer.records
  return isLost(answer) ? undefined : []
}

/** Lower case, without the last dot. */
export const nameOf = (text: string): string => text.toLowerCase().replace(/\.$/, '')

const nameLengthMax = 253
const labelLengthMax = 63

/** Whether a name can be in the DNS at all, RFC 1035 §2.3.4. */
export const isPossibleName = (name: string): boolean =>
  name.length > 0 &&
  name.length <= nameLengthMax &&
  name.split('.').every(label => label.length > 0 && label.length <= labelLengthMax && /^[\x21-\x7e]+$/.test(label))

/** Name of the address in the reverse tree, RFC 1035 §3.5, RFC 3596 §2.5. `words` as in `std/ip.ts`. */
export function reverseName({ version, words }: { version: 4 | 6; words: readonly number[] }): string {
  if (version === 4) {
    const [high = 0, low = 0] = words
    return `${low & 255}.${low >>> 8}.${high & 255}.${high >>> 8}.in-addr.arpa`
  }
  const digits = words.map(word => word.toString(16).padStart(4, '0')).join('')
  return `${[...digits].reverse().join('.')}.ip6.arpa`
}
