import { domainToASCII } from 'node:url'
import { parse } from 'tldts'

export const lookalikesMax = 120

/** Letters and what they are taken for at a glance. Beyond ASCII: Cyrillic letters of the same shape. */
const twins: Record<string, readonly string[]> = {
  a: ['\u0430', '4'],
  c: ['\u0441'],
  d: ['cl'],
  e: ['\u0435', '3'],
  g: ['q', '9'],
  i: ['l', '1', '\u0456'],
  l: ['i', '1'],
  m: ['rn', 'nn'],
  n: ['m'],
  o: ['0', '\u043e'],
  p: ['\u0440'],
  s: ['5', '\u0455'],
  u: ['v'],
  v: ['u'],
  w: ['vv'],
  x: ['\u0445'],
  y: ['\u0443'],
  '0': ['o'],
  '1': ['l', 'i'],
}

const beside: Record<string, string> = {
  a: 'sq',
  b: 'vn',
  c: 'xv',
  d: 'sf',
  e: 'wr',
  f: 'dg',
  g: 'fh',
  h: 'gj',
  i: 'uo',
  j: 'hk',
  k: 'jl',
  l: 'k',
  m: 'n',
  n: 'bm',
  o: 'ip',
  p: 'o',
  q: 'wa',
  r: 'et',
  s: 'ad',
  t: 'ry',
  u: 'yi',
  v: 'cb',
  w: 'qe',
  x: 'zc',
  y: 'tu',
  z: 'x',
}

const otherSuffixes = ['com', 'net', 'org', 'info', 'co', 'io', 'app', 'online', 'site', 'xyz']
const additions = ['login', 'mail', 'secure', 'account', 'support', 'verify', 'id', 'security']

/**
 * Names that a person may take for this one: letters of the same look, slips of the keyboard, hyphens, other endings, words that inspire trust.
 * A selection, the kinds in turn, at most `lookalikesMax`: a hint, never a list of all. None for a name without a registrable part.
 */
export function lookalikesOf(domain: string): string[] {
  const { domainWithoutSuffix: label, publicSuffix: suffix } = parse(domain, { allowPrivateDomains: true })
  if (!label || !suffix) return []
  const kinds = [
    homoglyphs(label).map(one => `${one}.${suffix}`),
    otherSuffixes.filter(other => other !== suffix).map(other => `${label}.${other}`),
    additions.flatMap(word => [`${label}-${word}.${suffix}`, `${word}-${label}.${suffix}`]),
    hyphens(label).map(one => `${one}.${suffix}`),
    slips(label).map(one => `${one}.${suffix}`),
  ]
  const own = `${label}.${suffix}`
  const chosen = new Set<string>()
  for (let i = 0; chosen.size < lookalikesMax && kinds.some(kind => i < kind.length); i++)
    for (const kind of kinds) {
      const name = kind[i] === undefined ? '' : domainToASCII(kind[i]!)
      if (name !== '' && name !== own && chosen.size < lookalikesMax) chosen.add(name)
    }
  return [...chosen]
}

const placesOf = (label: string): number[] => Array.from({ length: Math.min(label.length, 30) }, (_, at) => at)

const homoglyphs = (label: string): string[] =>
  placesOf(label).flatMap(at => (twins[label[at]!] ?? []).map(twin => label.slice(0, at) + twin + label.slice(at + 1)))

const hyphens = (label: string): string[] => [
  ...(label.includes('-') ? [label.replaceAll('-', '')] : []),
  ...placesOf(label)
    .slice(2, -1)
    .map(at => `${label.slice(0, at)}-${label.slice(at)}`),
]

const slips = (label: string): string[] =>
  placesOf(label).flatMap(at => {
    const [before, letter, behind] = [label.slice(0, at), label[at]!, label.slice(at + 1)]
    const swapped = behind === '' ? [] : [before + behind[0] + letter + behind.slice(1)]
    return [
      before + behind,
      before + letter + letter + behind,
      ...swapped,
      ...neighbours(letter).map(key => before + key + behind),
    ]
  })

const neighbours = (letter: string): string[] => [...(beside[letter] ?? '')]
