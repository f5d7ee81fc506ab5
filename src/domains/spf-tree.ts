import { type Dns, nameOf, recordsOf } from './dns.ts'
import { expanded, isSpf, type Mechanism, parseSpf, type SpfRecord } from './spf-record.ts'

/**
 * What evaluating SPF may cost and allow in the worst case: no term matches, so that all are looked at. Counted by RFC 7208 §4.6.4 over the whole
 * tree of includes, whatever the sender's address.
 */
export type SpfTree = {
  /** Terms that cost a look-up: include, a, mx, ptr, exists, redirect. */
  lookups: number
  /** Of the tree's first level: each term with what it costs, itself included. */
  costs: { term: string; lookups: number }[]
  /** Look-ups that lead to nothing, for a sender with IPv4 and with IPv6. */
  voids: { terms: string[] /** For senders of both. */; dead: string[]; four: number; six: number }
  /** Names that an include or redirect leads to and that have no usable record; with why. */
  broken: { term: string; why: string }[]
  loops: string[]
  /** Chains of includes, the record's own terms first, that let everybody pass. */
  open: { term: string; included: boolean }[]
  wide: string[]
  crowdedMx: string[]
  dependsOnMessage: string[]
  /** An include that is chosen by the message: what it leads to is not known. */
  unfollowed: string[]
  /** The end of the record itself: who was not named before. */
  usesPtr: boolean
  /** The walk was ended since there was too much of it; the counts are lower bounds. */
  isCut: boolean
}

/** Beyond this the record is broken for every receiver, and its rest is not of interest. */
const walkLookupsMax = 40
const mxNamesMax = 10
const wide4BitsMax = 8
const wide6BitsMax = 16
/** Half of the addresses that are in use: /1 of IPv4, or of the unicast range 2000::/3. */
const everyone4 = 2 ** 31
const everyone6BitsMax = 4

type Walk = SpfTree & { dns: Dns; ranges: { from: number; to: number }[] }
type Where = { domain: string; path: readonly string[]; isPassing: boolean; depth: number }

export async function walkSpf(dns: Dns, domain: string, record: SpfRecord): Promise<SpfTree> {
  const walk: Walk = { dns, ranges: [], ...emptyTree() }
  await walkRecord(walk, record, { domain: nameOf(domain), path: [nameOf(domain)], isPassing: true, depth: 0 })
  if (covered(walk.ranges) >= everyone4) walk.open.push({ term: 'the networks together', included: false })
  const { dns: _, ranges: __, ...tree } = walk
  return tree
}

const emptyTree = (): SpfTree => ({
  lookups: 0,
  costs: [],
  voids: { terms: [], dead: [], four: 0, six: 0 },
  broken: [],
  loops: [],
  open: [],
  wide: [],
  crowdedMx: [],
  dependsOnMessage: [],
  unfollowed: [],
  usesPtr: false,
  isCut: false,
})

async function walkRecord(walk: Walk, { terms, redirect }: SpfRecord, where: Where): Promise<void> {
  const end = terms.findIndex(({ kind }) => kind === 'all')
  for (const term of end < 0 ? terms : terms.slice(0, end + 1)) {
    if (walk.isCut) return
    const before = walk.lookups
    await walkTerm(walk, term, where)
    if (where.depth === 0 && walk.lookups > before) walk.costs.push({ term: term.text, lookups: walk.lookups - before })
  }
  if (end >= 0 || redirect === undefined) return
  const before = walk.lookups
  await follow(walk, { text: `redirect=${redirect}`, spec: redirect }, where)
  if (where.depth === 0) walk.costs.push({ term: `redirect=${redirect}`, lookups: walk.lookups - before })
}

async function walkTerm(walk: Walk, term: Mechanism, where: Where): Promise<void> {
  const passes = where.isPassing && term.qualifier === '+'
  switch (term.kind) {
    case 'all':
      if (passes) walk.open.push({ term: chain(where, term.text), included: where.depth > 0 })
      return
    case 'ip4':
    case 'ip6':
      if (passes) allow(walk, term, chain(where, term.text))
      return
    case 'include':
      return follow(walk, { text: term.text, spec: term.domain }, { ...where, isPassing: passes })
    case 'ptr':
      spend(walk)
      walk.usesPtr ||= where.depth === 0
      return
    default:
      return look(walk, term, { ...where, isPassing: passes })
  }
}

const chain = ({ path }: Where, term: string): string => [...path.slice(1), term].join(' > ')

function spend(walk: Walk): void {
  walk.lookups++
  walk.isCut ||= walk.lookups >= walkLookupsMax
}

/** include and redirect: one look-up, and all that the other record takes. */
async function follow(walk: Walk, { text, spec }: { text: string; spec: string }, where: Where): Promise<void> {
  spend(walk)
  if (walk.isCut) return
  const target = expanded(spec, where.domain)
  if (target === undefined) return void walk.unfollowed.push(chain(where, text))
  const name = nameOf(target)
  if (where.path.includes(name)) return void walk.loops.push([...where.path, name].join(' > '))
  const answer = await walk.dns.txt(name)
  const texts = recordsOf(answer)
  if (!texts) return
  if (texts.length === 0) voided(walk, chain(where, text), { four: true, six: true })
  const found = texts.map(strings => strings.join('')).filter(isSpf)
  if (found.length !== 1) {
    const why = found.length > 1 ? `${found.length} SPF records` : 'no SPF record'
    return void walk.broken.push({ term: chain(where, text), why })
  }
  const record = parseSpf(found[0]!)
  if (record.faults.length > 0)
    return void walk.broken.push({ term: chain(where, text), why: `syntax: ${record.faults[0]}` })
  await walkRecord(walk, record, { ...where, domain: name, path: [...where.path, name], depth: where.depth + 1 })
}

function voided(walk: Walk, term: string, { four, six }: { four: boolean; six: boolean }): void {
  if (four) walk.voids.four++
  if (six) walk.voids.six++
  if (four || six) walk.voids.terms.push(term)
  if (four && six) walk.voids.dead.push(term)
}

type Looked = Extract<Mechanism, { kind: 'a' | 'mx' | 'exists' }>

async function look(walk: Walk, term: Looked, where: Where): Promise<void> {
  spend(walk)
  if (term.kind !== 'exists' && where.isPassing) allowPrefixes(walk, term, chain(where, term.text))
  const target = expanded(term.domain ?? where.domain, where.domain)
  if (target === undefined) return void walk.dependsOnMessage.push(chain(where, term.text))
  if (term.kind === 'mx') return lookMx(walk, target, chain(where, term.text))
  const four = recordsOf(await walk.dns.a(target))
  // §5.7: exists asks for A whatever the sender's address.
  const six = term.kind === 'exists' ? four : recordsOf(await walk.dns.aaaa(target))
  voided(walk, chain(where, term.text), { four: four?.length === 0, six: six?.length === 0 })
  if (term.kind === 'exists' && where.isPassing && four && four.length > 0)
    walk.open.push({ term: chain(where, term.text), included: where.depth > 0 })
}

async function lookMx(walk: Walk, target: string, text: string): Promise<void> {
  const servers = recordsOf(await walk.dns.mx(target))
  if (servers?.length === 0) voided(walk, text, { four: true, six: true })
  if (servers && servers.length > mxNamesMax) walk.crowdedMx.push(`${text}: ${servers.length} servers`)
}

function allowPrefixes(walk: Walk, { prefix4, prefix6 }: Extract<Mechanism, { kind: 'a' | 'mx' }>, text: string): void {
  if (prefix4 <= 1 || prefix6 < everyone6BitsMax) walk.open.push({ term: text, included: text.includes(' > ') })
  else if (prefix4 < wide4BitsMax || prefix6 < wide6BitsMax) walk.wide.push(text)
}

function allow(walk: Walk, { kind, words, prefix }: Extract<Mechanism, { kind: 'ip4' | 'ip6' }>, text: string): void {
  if (kind === 'ip6') {
    if (prefix < everyone6BitsMax) walk.open.push({ term: text, included: text.includes(' > ') })
    else if (prefix < wide6BitsMax) walk.wide.push(text)
    return
  }
  const [high = 0, low = 0] = words
  const size = 2 ** (32 - prefix)
  const from = Math.floor((high * 65_536 + low) / size) * size
  walk.ranges.push({ from, to: from + size })
  if (prefix < wide4BitsMax) walk.wide.push(text)
}

/** Addresses in any of the ranges. */
function covered(ranges: readonly { from: number; to: number }[]): number {
  let sum = 0
  let reached = 0
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, reached))
    reached = Math.max(reached, to)
  }
  return sum
}
