import type { Dns } from '../dns.ts'
import { type Finding, finding } from '../finding.ts'
import { lookalikesOf } from '../lookalikes.ts'

const shownMax = 15

/** Whether names that look like this one are registered, and take mail. A hint. */
export async function checkLookalikes(dns: Dns, { domain }: { domain: string }): Promise<Finding[]> {
  const names = lookalikesOf(domain)
  const looked = await Promise.all(names.map(async name => ({ name, ...(await look(dns, name)) })))
  const registered = looked.filter(({ isRegistered }) => isRegistered)
  if (registered.length === 0) return [finding('lookalike.none', domain, { found: `${names.length} tried` })]
  const takesMail = registered.filter(one => one.takesMail)
  const first = [...takesMail, ...registered.filter(one => !one.takesMail)].slice(0, shownMax)
  const list = first.map(one => (one.takesMail ? `${one.name} (takes mail)` : one.name)).join(', ')
  const found = `${registered.length} of ${names.length} tried, ${takesMail.length} take mail: ${list}`
  return [finding('lookalike.registered', domain, { found })]
}

async function look(dns: Dns, name: string): Promise<{ isRegistered: boolean; takesMail: boolean }> {
  const servers = await dns.ns(name)
  if (servers.status !== 'records') return { isRegistered: false, takesMail: false }
  const mail = await dns.mx(name)
  const takesMail = mail.status === 'records' && mail.records.some(({ exchange }) => exchange !== '')
  return { isRegistered: true, takesMail }
}
