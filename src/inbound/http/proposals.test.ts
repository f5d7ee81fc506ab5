import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import type { HoldsQuery } from '../../views/register.ts'
import { check } from './check.ts'
import { ProposalView } from './contract.ts'
import { bearer, emptyRegister, httpOver, idOf, keyTable } from './test-ports.ts'

async function ask(app: FastifyInstance, method: 'GET' | 'POST', url: string, payload?: object, key = 'operate') {
  const headers = { ...bearer(key), ...(payload && { 'content-type': 'application/json' }) }
  const response = await app.inject({ method, url, headers, ...(payload && { payload: JSON.stringify(payload) }) })
  return { status: response.statusCode, body: response.json() }
}

const view = check<ProposalView>(ProposalView)
const codesOf = (body: { faults?: { pointer: string; code: string }[] }) =>
  body.faults?.map(({ pointer, code }) => `${pointer} ${code}`)

describe('many holds at once', () => {
  it('are proposed with a query, its instants read, and told whole', async () => {
    const { app, operator } = httpOver()
    const query = { class: 'other', lane: 'open', source: '', template: 'code', reason: 'breaker.open' }
    const times = { from: '2026-01-08T00:00:00Z', to: '2026-01-08T02:00:00+01:00' }
    const { status, body } = await ask(app, 'POST', '/v1/holds/release', {
      query: { ...query, ...times },
      reason: 'fine',
    })
    expect(status).toBe(202)
    expect(view.faults(body)).toEqual([])
    expect(operator.acts).toEqual([
      {
        act: 'propose',
        action: 'release',
        query: { ...query, from: Date.UTC(2026, 0, 8), to: Date.UTC(2026, 0, 8, 1) },
        reason: 'fine',
        by: 'operator',
      },
    ])
    expect(body).toMatchObject({ id: idOf(9), state: 'open', count: 2, digest: 'd', sample: [{ id: idOf(1) }] })
    expect(body.query).toEqual({ ...query, from: '2026-01-08T00:00:00.000Z', to: '2026-01-08T01:00:00.000Z' })
    expect((await ask(app, 'POST', '/v1/holds/discard', { query: {}, reason: 'junk' })).body.action).toBe('discard')
  })

  it.each<[string, object, string[]]>([
    ['no query', { reason: 'x' }, ['/query field.missing']],
    ['no reason', { query: {} }, ['/reason field.missing']],
    ['a misspelt part', { query: { klass: 'other' }, reason: 'x' }, ['/query/klass field.unknown']],
    ['a reason that is none', { query: { reason: 'because' }, reason: 'x' }, ['/query/reason field.not-allowed']],
    ['no instant', { query: { from: 'now' }, reason: 'x' }, ['/query/from field.not-an-instant']],
  ])('with %s are refused', async (_, body, faults) => {
    const { app, operator } = httpOver()
    const answer = await ask(app, 'POST', '/v1/holds/release', body)
    expect([answer.status, codesOf(answer.body)]).toEqual([422, faults])
    expect(operator.acts).toEqual([])
  })

  it('take a second person, and anybody who operates may cancel them', async () => {
    const { app } = httpOver({
      keys: {
        bearer: name => (name === 'ben' ? { ...keyTable.operate!, name } : keyTable[name]),
        smtp: async () => undefined,
      },
    })
    await ask(app, 'POST', '/v1/holds/release', { query: {}, reason: 'fine' })
    const path = `/v1/proposals/${idOf(9)}`
    expect(await ask(app, 'POST', `${path}/approve`)).toMatchObject({
      status: 403,
      body: { code: 'approval.same-person' },
    })
    expect(await ask(app, 'POST', `${path}/approve`, undefined, 'ben')).toMatchObject({
      status: 200,
      body: { state: 'approved', approvedBy: 'ben', progress: { done: 0, total: 2, refused: {}, waiting: {} } },
    })
    expect(await ask(app, 'POST', `${path}/cancel`)).toMatchObject({ status: 200, body: { state: 'cancelled' } })
    expect((await ask(app, 'GET', '/v1/proposals')).body.items).toHaveLength(1)
    expect((await ask(app, 'POST', `/v1/proposals/${idOf(8)}/approve`)).status).toBe(404)
    const one = await ask(app, 'GET', path)
    expect([one.status, one.body.id, view.faults(one.body)]).toEqual([200, idOf(9), []])
    for (const key of ['send', 'read', 'causes'])
      expect((await ask(app, 'POST', `${path}/approve`, undefined, key)).status).toBe(403)
  })

  it.each<['GET' | 'POST', string, string]>([
    ['GET', `/v1/proposals/${idOf(8)}`, 'proposal.unknown'],
    ['GET', '/v1/proposals/none', 'proposal.unknown'],
    ['POST', '/v1/proposals/none/approve', 'proposal.unknown'],
    ['POST', '/v1/holds/none/release', 'message.unknown'],
    ['GET', '/v1/messages/none', 'message.unknown'],
    ['GET', '/v1/campaigns/none', 'campaign.unknown'],
    ['POST', '/v1/campaigns/none/start', 'campaign.unknown'],
    ['GET', '/v1/none/none', 'route.unknown'],
  ])('%s %s names nothing', async (method, url, code) => {
    const { status, body } = await ask(httpOver().app, method, url)
    expect([status, body.code]).toEqual([404, code])
  })

  it.each([
    `/v1/holds/${idOf(1)}/discard`,
    `/v1/campaigns/${idOf(1)}/pause`,
    '/v1/classes/other/pause',
  ])('%s without a body lacks its fields', async url => {
    const { status, body } = await ask(httpOver().app, 'POST', url)
    expect([status, codesOf(body)]).toEqual([422, ['/reason field.missing']])
  })

  it('show as lapsed when their time is over', async () => {
    let now = Date.UTC(2026, 0, 8)
    const { app } = httpOver({ now: () => now })
    await ask(app, 'POST', '/v1/holds/release', { query: {}, reason: 'fine' })
    now = Date.UTC(2026, 0, 9)
    expect((await ask(app, 'GET', '/v1/proposals')).body.items[0].state).toBe('lapsed')
  })
})

describe('the list of holds', () => {
  it('is asked for by everything that a set may be asked for by', async () => {
    const asked: HoldsQuery[] = []
    const register = { ...emptyRegister(), holds: async (query: HoldsQuery) => void asked.push(query) }
    const { app } = httpOver({ register })
    const query =
      'class=other&lane=open&source=&template=code&reason=cap.mailbox&from=2026-01-08T00:00:00Z&to=2026-01-09T00:00:00Z'
    expect((await ask(app, 'GET', `/v1/holds?${query}&limit=7&cursor=x`)).body.code).toBe('cursor.malformed')
    expect(asked).toEqual([
      {
        class: 'other',
        lane: 'open',
        source: '',
        template: 'code',
        reason: 'cap.mailbox',
        from: Date.UTC(2026, 0, 8),
        to: Date.UTC(2026, 0, 9),
        limit: 7,
        cursor: 'x',
      },
    ])
    expect(codesOf((await ask(app, 'GET', '/v1/holds?reason=because')).body)).toEqual(['/reason field.not-allowed'])
  })
})
