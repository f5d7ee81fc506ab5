/**
 * IP addresses as far as telling networks apart needs them: strict text forms only. IPv4 is four decimal numbers without leading zeros (RFC 6943
 * §3.1.1: what else some libraries take is read differently by others); IPv6 is RFC 4291 §2.2 without a zone. An IPv4-mapped IPv6 address (§2.5.5.2) is the IPv4 address.
 */
export type Ip = { version: 4 | 6; words: readonly number[] }

/** The longest text form of an IPv6 address, with IPv4 at its end. */
const textLengthMax = 45

/** `words`: 16 bits each, two for IPv4 and eight for IPv6. `undefined` when the text is no address. */
export function parseIp(text: string): Ip | undefined {
  if (text.length > textLengthMax) return undefined
  if (!text.includes(':')) {
    const words = ipv4Words(text)
    return words && { version: 4, words }
  }
  const words = ipv6Words(text)
  if (!words) return undefined
  const isMapped = words[5] === 0xffff && words.slice(0, 5).every(word => word === 0)
  return isMapped ? { version: 4, words: words.slice(6) } : { version: 6, words }
}

/** The network that an address is taken to belong to: its /24, or its /48 for IPv6. */
export const networkOf = ({ version, words }: Ip): string =>
  version === 4
    ? `${words[0]! >>> 8}.${words[0]! & 255}.${words[1]! >>> 8}.0/24`
    : `${words
        .slice(0, 3)
        .map(word => word.toString(16))
        .join(':')}::/48`

const octet = /^(?:0|[1-9]\d{0,2})$/

function ipv4Words(text: string): number[] | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every(part => octet.test(part) && Number(part) <= 255)) return undefined
  const [a, b, c, d] = parts.map(Number) as [number, number, number, number]
  return [(a << 8) | b, (c << 8) | d]
}

/** At most one `::`, which stands for one group or more; the last two groups may be written as IPv4. */
function ipv6Words(text: string): number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const isCompressed = halves.length === 2
  const before = groupsOf(halves[0]!, { isLast: !isCompressed })
  const behind = isCompressed ? groupsOf(halves[1]!, { isLast: true }) : []
  if (!before || !behind) return undefined
  const missing = 8 - before.length - behind.length
  if (isCompressed ? missing < 1 : missing !== 0) return undefined
  return [...before, ...Array<number>(missing).fill(0), ...behind]
}

const group = /^[0-9A-Fa-f]{1,4}$/

function groupsOf(text: string, { isLast }: { isLast: boolean }): number[] | undefined {
  if (text === '') return []
  const words: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    const ipv4 = isLast && i === parts.length - 1 && part.includes('.') ? ipv4Words(part) : undefined
    if (ipv4) words.push(...ipv4)
    else if (group.test(part)) words.push(Number.parseInt(part, 16))
    else return undefined
  }
  return words
}
