import { type Dns, recordsOf } from '../dns.ts'
import { type Finding, finding, isBad, txt } from '../finding.ts'
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
  if (record.faults.length > 0) {
    const found = record.faults.join(' | ')
    const publish = txt(domain, without(text, record.faults))
    return [finding('spf.syntax', domain, { found, publish }), ...tooLong]
  }
  const tree = await walkSpf(dns, domain, record)
  return [
    ...tooLong,
    ...endFindings(domain, text, record),
    ...costFindings(domain, text, tree),
    ...reachFindings(domain, text, tree),
    ...brokenFindings(domain, text, tree),
  ]
}

const without = (text: string, terms: readonly string[]): string =>
  text
    .split(' ')
    .filter(term => !terms.includes(term))
    .join(' ')

/** The record with another end; nothing may stand behind it. */
function ending(text: string, end: string): string {
  const terms = text.split(' ').filter(term => term !== '' && !/^[+\-~?]?all$/i.test(term) && !/^redirect=/i.test(term))
  return [...terms, end].join(' ')
}

function endFindings(domain: string, text: string, { terms, redirect }: ReturnType<typeof parseSpf>): Finding[] {
  const at = terms.findIndex(({ kind }) => kind === 'all')
  const end = terms[at]
  const refusing = txt(domain, ending(text, '-all'))
  const findings: Finding[] = []
  if (end?.qualifier === '?') findings.push(finding('spf.neutral-all', domain, { found: end.text, publish: refusing }))
  if (end?.qualifier === '~') findings.push(finding('spf.softfail', domain, { found: end.text, publish: refusing }))
  if (!end && redirect === undefined) findings.push(finding('spf.no-all', domain, { publish: refusing }))
  const behind = end ? terms.slice(at + 1).map((term: Mechanism) => term.text) : []
  if (end && redirect !== undefined) behind.push(`redirect=${redirect}`)
  if (behind.length > 0) findings.push(finding('spf.ignored-terms', domain, { found: behind.join(' ') }))
  return findings
}

function costFindings(domain: string, text: string, tree: SpfTree): Finding[] {
  const findings: Finding[] = []
  const costs = tree.costs.map(({ term, lookups }) => `${term}: ${lookups}`).join(', ')
  const counted = `${tree.isCut ? 'at least ' : ''}${tree.lookups} look-ups: ${costs}`
  if (tree.lookups > lookupsMax) findings.push(finding('spf.too-many-lookups', domain, { found: counted }))
  else if (tree.lookups >= lookupsNear) findings.push(finding('spf.near-lookup-limit', domain, { found: counted }))
  const { terms, four, six } = tree.voids
  const found = terms.join(', ')
  if (Math.min(four, six) > voidsMax) {
    const rest = without(text, terms)
    const publish = rest === text ? {} : { publish: txt(domain, rest) }
    findings.push(finding('spf.too-many-voids', domain, { found, ...publish }))
  } else if (Math.max(four, six) > voidsMax) findings.push(finding('spf.voids-in-one-family', domain, { found }))
  if (tree.crowdedMx.length > 0) findings.push(finding('spf.too-many-mx', domain, { found: tree.crowdedMx.join('; ') }))
  return findings
}

function reachFindings(domain: string, text: string, tree: SpfTree): Finding[] {
  const findings: Finding[] = []
  const own = tree.open.filter(({ included }) => !included).map(({ term }) => term)
  const included = tree.open.filter(one => one.included).map(({ term }) => term)
  if (own.length > 0) {
    const rest = without(text, own)
    const publish = rest === text ? {} : { publish: txt(domain, ending(rest, '-all')) }
    findings.push(finding('spf.passes-everyone', domain, { found: own.join(' | '), ...publish }))
  }
  if (included.length > 0) {
    const rest = without(text, included.map(topTerm))
    const found = included.join(' | ')
    findings.push(finding('spf.include-passes-everyone', domain, { found, publish: txt(domain, rest) }))
  }
  if (tree.wide.length > 0 && own.length === 0)
    findings.push(finding('spf.network-too-wide', domain, { found: tree.wide.join(' | ') }))
  if (tree.usesPtr) {
    const rest = text.split(' ').filter(term => !/^[+\-~?]?ptr(?:$|:)/i.test(term))
    findings.push(finding('spf.ptr', domain, { publish: txt(domain, rest.join(' ')) }))
  }
  return findings
}

/** `_spf.example.net > +all` came in by the term that names the first. */
const topTerm = (path: string): string => `include:${path.split(' > ')[0]}`

function brokenFindings(domain: string, text: string, tree: SpfTree): Finding[] {
  const findings: Finding[] = []
  if (tree.broken.length > 0) {
    const found = tree.broken.map(({ term, why }) => `${term} (${why})`).join(' | ')
    const own = tree.broken.map(({ term }) => term).filter(term => !term.includes(' > '))
    const publish = own.length > 0 ? { publish: txt(domain, without(text, own)) } : {}
    findings.push(finding('spf.include-broken', domain, { found, ...publish }))
  }
  if (tree.loops.length > 0) findings.push(finding('spf.loop', domain, { found: tree.loops.join(' | ') }))
  if (tree.dependsOnMessage.length > 0)
    findings.push(finding('spf.depends-on-message', domain, { found: tree.dependsOnMessage.join(' | ') }))
  if (tree.unfollowed.length > 0)
    findings.push(
      finding('spf.cannot-tell', domain, { found: `chosen by the message: ${tree.unfollowed.join(' | ')}` }),
    )
  return findings
}
