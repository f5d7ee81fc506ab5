import { expect, it } from 'vitest'
import { adminKey, causeKey, openHouse, Product } from './product.ts'

const json = { 'content-type': 'application/json' }
const post = (product: Product, path: string, body: object, key?: string) =>
  product.ask(path, { method: 'POST', headers: json, body: JSON.stringify(body), ...(key && { key }) })

const event = (id: string, type: string, data: object) => ({
  specversion: '1.0',
  id,
  source: '/web',
  type: `tocsin.${type}`,
  subject: 'account-1',
  data,
})

const reset = { class: 'password-reset', account: 'account-1', recipient: { email: 'ann@example.org' } }

it('the holder confirms in the app what an unknown place asked for while these are stopped', async () => {
  const product = await Product.start({ config: openHouse })
  const from = { requester: { ip: '192.0.2.7', asn: 64496, device: 'd-1', agent: 'curl/8.5' } }
  const report = (...events: object[]) => post(product, '/v1/events', events, causeKey)
  expect((await report(event('r-1', 'reset.requested', { known: true, ...from }))).body.accepted).toBe(1)
  await post(product, '/v1/classes/password-reset/pause', { reason: 'a flood', lane: 'open' }, adminKey)
  const sent = await product.send({ ...reset, subject: 'Reset', text: 'Follow.', cause: { id: 'r-1' } })
  expect(sent.body).toMatchObject({ outcome: 'confirm', lane: 'open', reasons: [{ code: 'breaker.open' }] })
  const id = sent.body.id as string

  const waiting = async (account: string) => (await product.ask(`/v1/accounts/${account}/confirmations`)).text
  expect(JSON.parse(await waiting('account-1')).items).toMatchObject([{ id, class: 'password-reset' }])
  const none = await waiting('account-2')
  expect(none).toBe('{"items":[],"stale":false}')

  const confirm = () => post(product, `/v1/messages/${id}/confirm`, { by: 'session' })
  expect((await confirm()).body).toEqual({ done: true })
  await expect.poll(async () => (await product.ask(`/v1/messages/${id}`)).body.state).toBe('delivered')
  const { body } = await product.ask(`/v1/messages/${id}`)
  expect(body).toMatchObject({ lane: 'reserved', first: 'confirm', outcome: 'deliver' })
  expect((body.reasons as { code: string }[]).map(({ code }) => code)).toEqual(['hold.confirmed'])
  expect(await waiting('account-1')).toBe(none)
  expect((await confirm()).body).toMatchObject({ status: 409, code: 'message.not-to-confirm' })
  const unknown = `/v1/messages/01890000-0000-7000-8000-000000000000/confirm`
  expect((await post(product, unknown, { by: 'session' })).body.code).toBe('message.unknown')

  const said = event('q-1', 'report.received', { kind: 'not-requested', message: id, from: 'ann@example.org' })
  expect((await report(said, said)).body).toEqual({ accepted: 2, rejected: [] })
  const rows = (await product.query('select events from journal')).rows.map(({ events }) => JSON.parse(String(events)))
  const signals = rows.flat().filter(({ type }) => type === 'SignalReported')
  expect(signals).toHaveLength(1)
  expect(signals[0].signal).toMatchObject({
    kind: 'reported',
    message: id,
    about: { class: 'password-reset', lane: 'reserved', source: '/web', template: '' },
  })
  const cause = rows.flat().find(({ type }) => type === 'CauseReported').cause
  expect(cause.requester).toEqual({
    network: expect.stringMatching(/^[0-9a-f]{16}$/),
    networkClass: expect.any(Number),
    agent: expect.any(Number),
    device: expect.stringMatching(/^[0-9a-f]{16}$/),
  })
  expect(JSON.stringify(rows)).not.toMatch(/192\.0\.2|d-1|curl|ann@|account-1/)
})
