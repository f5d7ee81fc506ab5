import type { Answer, Dns, Mx, RecordType } from './dns.ts'
import { nameOf, recordTypes } from './dns.ts'

/**
 * A zone as an object literal: names with their records by type, in any case. A TXT record is a text or its strings; `mx` are
 * `[preference, exchange]`. A word instead of records is that answer. An alias answers for its target, as a resolver does.
 */
export type Zone = Record<string, Partial<Record<RecordType, ZoneRecords>>>
type ZoneRecords = readonly (string | readonly string[] | readonly [number, string])[] | Failing
type Failing = 'servfail' | 'timeout' | 'nodata'

/** What failing does to a zone: named questions, `TXT example.org`, are lost. */
export type Loss = (question: string) => 'servfail' | 'timeout' | undefined

const aliasesMax = 8

export function zoneDns(zone: Zone, lose: Loss = () => undefined): Dns & { asked: string[] } {
  const names = new Map(Object.entries(zone).map(([name, records]) => [nameOf(name), records]))
  const asked: string[] = []
  const look = (type: RecordType, given: string, aliases = 0): Answer<never> => {
    const name = nameOf(given)
    const records = names.get(name)
    if (!records) return hasBelow(names, name) ? { status: 'nodata' } : { status: 'nxdomain' }
    const alias = records.cname
    if (type !== 'cname' && Array.isArray(alias))
      return aliases >= aliasesMax ? { status: 'servfail' } : look(type, String(alias[0]), aliases + 1)
    const found = records[type]
    if (found === undefined) return { status: 'nodata' }
    if (typeof found === 'string') return { status: found } as Answer<never>
    return { status: 'records', records: found.map(record => shaped(type, record)) as never[] }
  }
  const ask = async (type: RecordType, name: string) => {
    const question = `${type.toUpperCase()} ${nameOf(name)}`
    asked.push(question)
    const lost = lose(question)
    return lost ? { status: lost } : look(type, name)
  }
  const dns = Object.fromEntries(recordTypes.map(type => [type, (name: string) => ask(type, name)])) as unknown as Dns
  return { ...dns, asked }
}

/** A name that only others stand below exists and has nothing, RFC 8020. */
const hasBelow = (names: Map<string, unknown>, name: string): boolean =>
  [...names.keys()].some(other => other.endsWith(`.${name}`))

function shaped(type: RecordType, record: string | readonly unknown[]): unknown {
  if (type === 'txt') return typeof record === 'string' ? (record.match(/[\s\S]{1,255}/g) ?? ['']) : [...record]
  if (type === 'mx') {
    const [preference, exchange] = record as readonly [number, string]
    return { preference, exchange: nameOf(exchange) } satisfies Mx
  }
  return record
}
