import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { isPossibleName, nameOf } from './dns.ts'

/** A domain as DNS has it: lower case, A-labels, no last dot. `undefined` for what is none, an address or a name without a dot among them. */
export function domainName(text: string): string | undefined {
  if (text.length > 253 || /[\s@/:]/.test(text)) return undefined
  const name = nameOf(domainToASCII(text))
  const isName = isPossibleName(name) && name.includes('.') && /^[a-z0-9._-]+$/.test(name) && isIP(name) === 0
  return isName ? name : undefined
}

/** RFC 6761 §6, RFC 6762, RFC 8375: nobody outside can ask for these, or they are nobody's. */
const reserved = [
  'example.com',
  'example.net',
  'example.org',
  'localhost',
  'local',
  'test',
  'invalid',
  'example',
  'internal',
  'home.arpa',
  'onion',
]

export const isReserved = (name: string): boolean => reserved.some(top => name === top || name.endsWith(`.${top}`))
