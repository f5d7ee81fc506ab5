// DMARC policy records as RFC 9989 §4.7 and §4.8 write them, read for what is wrong with them. Which record applies is not decided here.

export type DmarcRecord = {
  tags: Map<string, string>
  faults: string[]
  /** Tags that RFC 9989 has taken out, and `!10m` behind an address for reports. */
  obsolete: string[]
  unknown: string[]
}

/** Looks like one, however it is written; of these there may be one. */
export const isDmarcLike = (text: string): boolean => /^\s*v\s*=\s*dmarc1\s*(?:;|$)/i.test(text)

const policies = /^(?:none|quarantine|reject)$/i
const values: Record<string, RegExp> = {
  p: policies,
  sp: policies,
  np: policies,
  adkim: /^[rs]$/i,
  aspf: /^[rs]$/i,
  fo: /^[01ds](?:\s*:\s*[01ds])*$/i,
  psd: /^[ynu]$/i,
  t: /^[yn]$/i,
}
const removed = ['pct', 'rf', 'ri']
const uri = /^(?:mailto:[^@\s,!]+@[a-z0-9.-]+|https:\/\/[^\s,!]+)$/i
const size = /![0-9]+[kmgt]?$/i

export function parseDmarc(text: string): DmarcRecord {
  const record: DmarcRecord = { tags: new Map(), faults: [], obsolete: [], unknown: [] }
  for (const [i, part] of text.split(';').entries()) {
    if (part.trim() === '') continue
    const [, name, value] = /^\s*([a-z][a-z0-9_]*)\s*=([\s\S]*)$/i.exec(part) ?? []
    if (name === undefined || value === undefined) record.faults.push(part.trim())
    else readTag(record, i, name, value.trim())
  }
  if (!record.tags.has('p') && record.faults.length === 0) record.faults.push('p= is missing')
  return record
}

function readTag(record: DmarcRecord, place: number, name: string, value: string): void {
  const whole = `${name}=${value}`
  if (record.tags.has(name)) return void record.faults.push(`${name}= stands there twice`)
  record.tags.set(name, value)
  if (name === 'v') {
    if (place !== 0 || value !== 'DMARC1') record.faults.push(whole)
  } else if (removed.includes(name)) record.obsolete.push(whole)
  else if (name === 'rua' || name === 'ruf') {
    for (const address of value.split(',').map(one => one.trim())) {
      if (size.test(address)) record.obsolete.push(address)
      if (!uri.test(address.replace(size, ''))) record.faults.push(`${name}=${address}`)
    }
  } else if (!(name in values)) {
    if (name.toLowerCase() in values) record.faults.push(whole)
    else record.unknown.push(whole)
  } else if (!values[name]!.test(value)) record.faults.push(whole)
}

export const policyIn = ({ tags }: DmarcRecord, name: 'p' | 'sp' | 'np'): string | undefined =>
  tags.get(name)?.toLowerCase()

/** Hosts that reports go to, without repetition, in order. */
export function reportHosts({ tags }: DmarcRecord): string[] {
  const addresses = [tags.get('rua'), tags.get('ruf')].flatMap(value => value?.split(',') ?? [])
  const hosts = addresses.map(one => /^(?:mailto:[^@]+@|https:\/\/)([a-z0-9.-]+)/i.exec(one.trim())?.[1]?.toLowerCase())
  return [...new Set(hosts.filter(host => host !== undefined))]
}

/** The record with some tags set, or left out where `undefined`; tags of old standards go. */
export function rewritten({ tags }: DmarcRecord, changes: Record<string, string | undefined>): string {
  const next = new Map([['v', 'DMARC1'], ['p', 'none'], ...tags])
  for (const name of removed) next.delete(name)
  next.set('v', 'DMARC1')
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) next.delete(name)
    else next.set(name, value)
  }
  return [...next]
    .map(([name, value]) => `${name}=${value.replaceAll(/![0-9]+[kmgt]?(?=\s*(?:,|$))/gi, '')}`)
    .join('; ')
}
