import { promises as dns } from 'node:dns'
import type { Answer, Dns } from './dns.ts'
import { nameOf } from './dns.ts'

export type ResolverOptions = {
  /** `IP` or `IP:PORT`, `[IPv6]:PORT`; those of the system when absent. */
  servers?: readonly string[]
  /** For one try at one server. */
  tryMsMax?: number
  tries?: number
}

/** The DNS servers of the system, or those given. Throws where a server is not an address. */
export function resolverDns({ servers, tryMsMax = 1500, tries = 2 }: ResolverOptions = {}): Dns & { cancel(): void } {
  const resolver = new dns.Resolver({ timeout: tryMsMax, tries, maxTimeout: tryMsMax })
  if (servers && servers.length > 0) resolver.setServers([...servers])
  const names = async (asked: Promise<string[]>) => mapped(await answer(asked), nameOf)
  return {
    /** What is under way is answered as timed out. */
    cancel: () => resolver.cancel(),
    txt: name => answer(resolver.resolveTxt(name)),
    mx: async name => {
      const found = await answer(resolver.resolveMx(name))
      return mapped(found, ({ priority, exchange }) => ({ preference: priority, exchange: nameOf(exchange) }))
    },
    a: name => answer(resolver.resolve4(name)),
    aaaa: name => answer(resolver.resolve6(name)),
    cname: name => names(resolver.resolveCname(name)),
    ns: name => names(resolver.resolveNs(name)),
    // `reverse` would read the machine's own table of hosts.
    ptr: name => names(resolver.resolvePtr(name)),
  }
}

/** Whether a text names a server as `resolverDns` takes it. */
export function isServer(text: string): boolean {
  try {
    new dns.Resolver().setServers([text])
    return true
  } catch {
    return false
  }
}

const mapped = <T, U>(found: Answer<T>, to: (record: T) => U): Answer<U> =>
  found.status === 'records' ? { status: 'records', records: found.records.map(to) } : found

async function answer<T>(asked: Promise<T[]>): Promise<Answer<T>> {
  try {
    const records = await asked
    return records.length > 0 ? { status: 'records', records } : { status: 'nodata' }
  } catch (error) {
    return failure((error as NodeJS.ErrnoException).code ?? 'unknown')
  }
}

function failure(code: string): Answer<never> {
  switch (code) {
    case 'ENOTFOUND':
    case 'EBADNAME':
      return { status: 'nxdomain' }
    case 'ENODATA':
      return { status: 'nodata' }
    case 'ETIMEOUT':
    case 'ECONNREFUSED':
    case 'ECANCELLED':
      return { status: 'timeout', why: code }
    default:
      return { status: 'servfail', why: code }
  }
}
