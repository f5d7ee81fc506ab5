import { type Dns, recordsOf } from '../dns.ts'
import { type Finding, finding, isBad, txt } from '../finding.ts'
import type { FindingCode } from '../rules.ts'
import { isSpf, type Mechanism, parseSpf } from '../spf-record.ts'
import { type SpfTree, walkSpf } from '../spf-tree.ts'

const lookupsMax = 10
const lookupsNear = 9
const voidsMax = 2
const lengthMax = 450

export type SpfGiven = { domain: string /** Addresses that send for it. */; senders: readonly string[] }

/** The SPF record of a domain and all that it includes, RFC 7208. */
export async function checkSpf(dns: Dns, given: SpfGiven): Promise<Finding[]> {
  const { domain } = given
  const texts = recordsOf(await dns.txt(domain))?.map(strings => strings.join(''))
  if (!texts) return []
  const found = texts.filter(isSpf)
  if (found.length === 0) return [finding('spf.missing', domain, { publish: txt(domain, suggested(given)) })]
  if (found.length > 1) {
    const merged = txt(domain, mergedRecord(found))
    return [finding('spf.several-records', domain, { found: found.join(' | '), publish: merged })]
  }
  const findings = await checkRecord(dns, domain, found[0]!)
  const isGood = !findings.some(isBad) && !findings.some(({ severity }) => severity === 'cannot-tell')
  return isGood ? [finding('spf.ok', domain, { found: found[0]! }), ...findings] : findings
}

/** Without knowing who sends: the domain's own mail servers, and nothing that refuses mail before all senders stand there. */
function suggested({ senders }: SpfGiven): string {
  if (senders.length === 0) return 'v=spf1 mx ~all'
  const terms = senders.map(address => `${address.includes(':') ? 'ip6' : 'ip4'}:${address}`)
  return `v=spf1 ${terms.join(' ')} -all`
}

function mergedRecord(records: readonly string[]): string {
  const terms = records.flatMap(record => record.slice('v=spf1'.length).split(' ')).filter(term => term !== '')
  const isEnd = (term: string) => /^[+\-~?]?all$/i.test(term)
  const others = [...new Set(terms.filter(term => !isEnd(term)))]
  return ['v=spf1', ...others, terms.find(term => /^[-~]all$/i.test(term)) ?? '-all'].join(' ')
}

async function checkRecord(dns: Dns, domain: string, text: string): Promise<Finding[]> {
  const record = parseSpf(text)
  const tooLong =
    text.length > lengthMax ? [finding('spf.too-long', domain, { found: `${text.length} characters` })] : []
  const repair: Repair = { domain, text, dropped: [] }
  if (record.faults.length > 0) {
    repair.dropped.push(...record.faults)
    return [...published([noted('spf.syntax', repair, record.faults, { isRepaired: true })], repair), ...tooLong]
  }
  const tree = await walkSpf(dns, domain, record)
  const findings = [
    ...endFindings(repair, record),
    ...costFindings(repair, tree),
    ...reachFindings(repair, tree),
    ...brokenFindings(repair, tree),
  ]
  return [...tooLong, ...published(findings, repair)]
}

/** All that is to be mended in a record, so that there is one to publish and not one for each fault. */
type Repair = { domain: string; text: string; dropped: string[]; end?: '-all' }
type Noted = { finding: Finding; isRepaired: boolean }

const noted = (
  code: FindingCode,
  { domain }: Repair,
  found: readonly string[] = [],
  { isRepaired = false }: { isRepaired?: boolean } = {},
): Noted => ({
  finding: finding(code, domain, found.length > 0 ? { found: found.join(' | ') } : {}),
  isRepaired,
})

/** The same record with each finding that it mends. */
function published(findings: readonly Noted[], { domain, text, dropped, end }: Repair): Finding[] {
  const rest = text.split(' ').filter(term => !dropped.includes(term) && !(end && isEnd.test(term)))
  const record = [...rest, ...(end ? [end] : [])].join(' ')
  return findings.map(({ finding: one, isRepaired }) =>
    isRepaired && record !== text ? { ...one, publish: [txt(domain, record)] } : one,
  )
}

/** What is dropped in favor of another end; nothing may stand behind it. */
const isEnd = /^(?:[+\-~?]?all|redirect=.*|)$/i

function endFindings(repair: Repair, { terms, redirect }: ReturnType<typeof parseSpf>): Noted[] {
  const at = terms.findIndex(({ kind }) => kind === 'all')
  const end = terms[at]
  const findings: Noted[] = []
  const weak = (code: FindingCode, found: readonly string[]) => {
    repair.end = '-all'
    findings.push(noted(code, repair, found, { isRepaired: true }))
  }
  if (end?.qualifier === '?') weak('spf.neutral-all', [end.text])
  if (end?.qualifier === '~') findings.push(noted('spf.softfail', repair, [end.text]))
  if (!end && redirect === undefined) weak('spf.no-all', [])
  const behind = end ? terms.slice(at + 1).map((term: Mechanism) => term.text) : []
  if (end && redirect !== undefined) behind.push(`redirect=${redirect}`)
  if (behind.length > 0) {
    repair.dropped.push(...behind)
    findings.push(noted('spf.ignored-terms', repair, behind, { isRepaired: true }))
  }
  return findings
}

function costFindings(repair: Repair, tree: SpfTree): Noted[] {
  const findings: Noted[] = []
  const costs = tree.costs.map(({ term, lookups }) => `${term}: ${lookups}`).join(', ')
  const counted = `${tree.isCut ? 'at least ' : ''}${tree.lookups} look-ups: ${costs}`
  if (tree.lookups > lookupsMax) findings.push(noted('spf.too-many-lookups', repair, [counted]))
  else if (tree.lookups >= lookupsNear) findings.push(noted('spf.near-lookup-limit', repair, [counted]))
  const { terms, dead, four, six } = tree.voids
  if (Math.min(four, six) > voidsMax) {
    repair.dropped.push(...dead)
    findings.push(noted('spf.too-many-voids', repair, terms, { isRepaired: true }))
  } else if (Math.max(four, six) > voidsMax) findings.push(noted('spf.voids-in-one-family', repair, terms))
  if (tree.crowdedMx.length > 0) findings.push(noted('spf.too-many-mx', repair, tree.crowdedMx))
  return findings
}

function reachFindings(repair: Repair, tree: SpfTree): Noted[] {
  const findings: Noted[] = []
  const own = tree.open.filter(({ included }) => !included).map(({ term }) => term)
  const included = tree.open.filter(one => one.included).map(({ term }) => term)
  if (own.length > 0) {
    const isRepaired = own.some(term => repair.text.split(' ').includes(term))
    repair.dropped.push(...own)
    if (isRepaired) repair.end = '-all'
    findings.push(noted('spf.passes-everyone', repair, own, { isRepaired }))
  }
  if (included.length > 0) {
    repair.dropped.push(...included.map(topTerm))
    findings.push(noted('spf.include-passes-everyone', repair, included, { isRepaired: true }))
  }
  if (tree.wide.length > 0 && own.length === 0) findings.push(noted('spf.network-too-wide', repair, tree.wide))
  if (tree.usesPtr) {
    repair.dropped.push(...repair.text.split(' ').filter(term => /^[+\-~?]?ptr(?:$|:)/i.test(term)))
    findings.push(noted('spf.ptr', repair, [], { isRepaired: true }))
  }
  return findings
}

/** `_spf.example.net > +all` came in by the term that names the first. */
const topTerm = (path: string): string => `include:${path.split(' > ')[0]}`

function brokenFindings(repair: Repair, tree: SpfTree): Noted[] {
  const findings: Noted[] = []
  if (tree.broken.length > 0) {
    const found = tree.broken.map(({ term, why }) => `${term} (${why})`)
    const own = tree.broken.map(({ term }) => term).filter(term => !term.includes(' > '))
    repair.dropped.push(...own)
    findings.push(noted('spf.include-broken', repair, found, { isRepaired: own.length > 0 }))
  }
  if (tree.loops.length > 0) findings.push(noted('spf.loop', repair, tree.loops))
  if (tree.dependsOnMessage.length > 0) findings.push(noted('spf.depends-on-message', repair, tree.dependsOnMessage))
  if (tree.unfollowed.length > 0)
    findings.push(noted('spf.cannot-tell', repair, [`chosen by the message: ${tree.unfollowed.join(', ')}`]))
  return findings
}
