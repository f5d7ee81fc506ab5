import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigFaults, loadConfig } from './config.ts'

let folder: string
let files = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-config-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function fileWith(content: string): Promise<string> {
  const path = join(folder, `${++files}.ts`)
  await writeFile(path, `export default ${content}`)
  return path
}

async function faultsOf(content: string, environment: Record<string, string> = {}): Promise<string[]> {
  const path = await fileWith(content)
  try {
    await loadConfig({ ...environment, TOCSIN_CONFIG: path })
    return []
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error
    return error.faults.map(({ setting, code }) => `${setting.replace(`${path}#`, '')} ${code}`)
  }
}

describe('a configuration file', () => {
  it.each([
    ['a misspelled part', `{ aplication: {} }`, ['/aplication field.unknown']],
    ['a misspelled field', `{ application: { sender: [] } }`, ['/application/sender field.unknown']],
    [
      'a misspelled lane',
      `{ classes: { other: { budgetPerHour: { opn: 2 } } } }`,
      ['/classes/other/budgetPerHour/opn field.unknown'],
    ],
    ['a name that no class can have', `{ classes: { 'Bad Name': {} } }`, ['/classes/Bad Name field.unknown']],
    [
      'a sender that is none',
      `{ application: { senders: ['@ok.example', 'no address'] } }`,
      ['application/senders/1 config.sender'],
    ],
    ['a class that is not there', `{ application: { classes: ['nope'] } }`, ['application/classes/0 class.unknown']],
    [
      'a requirement on nothing',
      `{ application: { requirements: { other: 'required' } } }`,
      ['application/requirements/other class.causes-missing'],
    ],
    ['a list for everybody', `{ allowedRecipients: ['@'] }`, ['allowedRecipients/0 config.sender']],
    [
      'a domain that is none',
      `{ domains: { audited: ['example.org', '192.0.2.1'] } }`,
      ['domains/audited/1 config.domain'],
    ],
    ['a DNS server that is none', `{ dns: { servers: ['ns.example.org'] } }`, ['dns/servers/0 config.dns-server']],
    ['a network that is none', `{ trustedNetworks: ['10.0.0.0/33'] }`, ['trustedNetworks/0 config.network']],
    [
      'a key file that is not there',
      `{ dkim: [{ domain: 'a.example', selector: 's', keyFile: '/nope.pem' }] }`,
      ['dkim/0/keyFile config.file-not-readable'],
    ],
    [
      'a webhook nowhere',
      `{ webhooks: [{ url: 'nonsense', secret: 'x' }] }`,
      ['webhooks/0/url config.webhook-url', 'webhooks/0/secret config.webhook-secret-prefix'],
    ],
    [
      'operators of one name or one key',
      `{ operators: [{ name: 'Ana', keyHash: '${'a'.repeat(64)}' }, { name: 'ana', keyHash: '${'a'.repeat(64)}' }] }`,
      ['operators/1/name config.operator-name-taken', 'operators/1/keyHash config.operator-key-taken'],
    ],
    [
      'operators who are nobody, or somebody else, without a key',
      `{ operators: [{ name: ' ', keyHash: '${'A'.repeat(64)}' }, { name: 'Command Line', keyHash: '${'b'.repeat(64)}' }] }`,
      [
        'operators/0/name config.operator-name',
        'operators/0/keyHash config.operator-key',
        'operators/1/name config.operator-name-taken',
      ],
    ],
    [
      'an operator with a key in plain',
      `{ operators: [{ name: 'Ana', key: 'tocsin_operate_x' }] }`,
      ['/operators/0/keyHash field.missing', '/operators/0/key field.unknown'],
    ],
    [
      'a life too short',
      `{ classes: { other: { lifetimeMs: 1 } } }`,
      ['classes/other/lifetimeMs class.lifetime-too-short'],
    ],
  ])('with %s is refused', async (_, content, faults) => {
    expect(await faultsOf(content)).toEqual(faults)
  })

  it('is refused together with the environment, every fault at once', async () => {
    const environment = {
      TOCSIN_HTTP_PORT: '70000',
      TOCSIN_UPSTREAM: 'ftp://x',
      TOCSIN_FROM: 'nobody',
      TOCSIN_LOG: 'loud',
    }
    expect((await faultsOf(`{ bogus: 1 }`, environment)).sort()).toEqual([
      '/bogus field.unknown',
      'TOCSIN_FROM no-at-sign',
      'TOCSIN_HTTP_PORT config.port',
      'TOCSIN_LOG config.log-level',
      'TOCSIN_UPSTREAM (entry 1) upstream-scheme',
    ])
  })

  it('changes what it names and leaves the rest', async () => {
    const path = await fileWith(
      `{ classes: { 'password-reset': { budgetPerHour: { open: 7 } }, digest: { mode: 'warn' } } }`,
    )
    const { policy } = await loadConfig({ TOCSIN_CONFIG: path })
    expect(policy.classes['password-reset']).toMatchObject({
      mode: 'enforce',
      budgetPerHour: { open: 7, reserved: 100_000 },
    })
    expect(policy.classes.digest).toMatchObject({ mode: 'warn', causes: { requirement: 'never' } })
  })

  it.each([
    [`{ budgets: { headroom: 0.5 } }`, '/budgets/headroom'],
    [`{ budgets: { timesFloorMax: 0 } }`, '/budgets/timesFloorMax'],
    [`{ budgets: { headrom: 2 } }`, '/budgets/headrom'],
    [`{ links: { hosts: ['example.org', 'https://example.org/'] } }`, 'links/hosts/1'],
    [`{ classes: { other: { links: { hosts: ['EXAMPLE.org'] } } } }`, 'classes/other/links/hosts/0'],
    [`{ classes: { other: { addresses: 'all' } } }`, '/classes/other/addresses'],
  ])('refuses %s', async (file, pointer) => {
    expect((await faultsOf(file)).map(fault => fault.split(' ')[0])).toEqual([pointer])
  })

  it('gives the budgets the headroom that it names', async () => {
    const path = await fileWith(`{ budgets: { headroom: 5 } }`)
    expect((await loadConfig({ TOCSIN_CONFIG: path })).policy.budgets).toEqual({ headroom: 5, timesFloorMax: 1000 })
  })

  it('is not looked at when it is not wanted', async () => {
    const path = await fileWith(`{ webhooks: [{ url: 'https://example.org/', secret: 'x' }], bogus: 1 }`)
    const { webhooks, policy } = await loadConfig({ TOCSIN_CONFIG: path }, { file: false })
    expect([webhooks, policy.budgets.headroom]).toEqual([[], 3])
  })

  it('that is not there is told under the name of what named it', async () => {
    const missing = { TOCSIN_CONFIG: '/nowhere/tocsin.config.ts' }
    const detail = 'there is no file /nowhere/tocsin.config.ts'
    await expect(loadConfig(missing)).rejects.toThrow(`TOCSIN_CONFIG: ${detail}`)
    await expect(loadConfig(missing, { named: '--policy' })).rejects.toThrow(`--policy: ${detail}`)
  })
})

describe('the domains that are audited', () => {
  const audited = async (content: string, environment: Record<string, string> = {}) =>
    (await loadConfig({ ...environment, TOCSIN_CONFIG: await fileWith(content) })).domains.audited

  it.each([
    ['none by itself', '{}', {}, []],
    ['the sender', '{}', { TOCSIN_FROM: 'Acme <mail@Acme.ORG>' }, ['acme.org']],
    ['nobody owns example.org', '{}', { TOCSIN_FROM: 'mail@example.org' }, []],
    ['nobody asks for localhost', '{}', { TOCSIN_FROM: 'mail@localhost' }, []],
    [
      'those named, in A-labels, once',
      `{ domains: { audited: ['b\u00fccher.example', 'a.org', 'A.ORG'] } }`,
      {},
      ['xn--bcher-kva.example', 'a.org'],
    ],
    ['none where that is said', `{ domains: { audited: [] } }`, { TOCSIN_FROM: 'mail@acme.org' }, []],
  ])('%s', async (_, content, environment, then) => {
    expect(await audited(content, environment)).toEqual(then)
  })

  it('the environment names the DNS servers', async () => {
    const path = await fileWith(`{ dns: { servers: ['192.0.2.1'] } }`)
    const { dns } = await loadConfig({ TOCSIN_CONFIG: path, TOCSIN_DNS: '127.0.0.1:5353, ::1' })
    expect(dns.servers).toEqual(['127.0.0.1:5353', '::1'])
  })
})

it('a retired DKIM key signs nothing', async () => {
  const key = join(folder, 'key.pem')
  await writeFile(key, '')
  const one = (selector: string) => ({ domain: 'shop.org', selector, keyFile: key })
  const content = JSON.stringify({ dkim: [one('new'), { ...one('old'), retired: true }] })
  const { dkim, dkimRetired } = await loadConfig({ TOCSIN_CONFIG: await fileWith(content) })
  expect([dkim, dkimRetired].map(keys => keys.map(({ selector }) => selector))).toEqual([['new'], ['old']])
})
