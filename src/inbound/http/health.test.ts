import { expect, it } from 'vitest'
import { check } from './check.ts'
import { HealthView } from './contract.ts'
import { bearer, httpOver, idOf } from './test-ports.ts'

const since = Date.UTC(2026, 0, 8)
const fault = {
  class: 'password-reset',
  lane: 'open' as const,
  source: '',
  template: '',
  since,
  numbers: { ofOneCause: 2, ofOneCauseMax: 1 },
  messages: [idOf(1)],
}

it('tells how Tocsin is', async () => {
  const { app, operator } = httpOver()
  const get = async () => (await app.inject({ url: '/v1/health', headers: bearer('operate') })).json()
  expect(await get()).toEqual({ brake: { status: 'fine' }, late: [] })
  operator.healthNow = {
    brakeFault: fault,
    late: [{ class: 'other', lane: 'open', stage: 'handover', alarm: 3, lastLateAt: since, usualMs: 12 }],
    probe: { at: since, status: 'handed-over', decidedMs: 4, handedOverMs: 9 },
  }
  const view = await get()
  expect(check(HealthView).accepts(view)).toBe(true)
  expect(view.brake.fault).toEqual({ ...fault, since: '2026-01-08T00:00:00.000Z' })
  expect(view.late[0].lastLateAt).toBe('2026-01-08T00:00:00.000Z')
  expect(view.probe).toMatchObject({ status: 'handed-over', decidedMs: 4 })
})

it.each([
  ['a person who operates', 'operate', true, 200, 1],
  ['when nothing is at fault', 'operate', false, 409, 1],
  ['a key that sends', 'send', true, 403, 0],
] as const)('the brake is cleared by %s', async (_, token, isFaulty, status, acts) => {
  const { app, operator } = httpOver()
  if (isFaulty) operator.healthNow = { late: [], brakeFault: fault }
  const response = await app.inject({ method: 'POST', url: '/v1/brake/clear', headers: bearer(token) })
  expect(response.statusCode).toBe(status)
  expect(operator.acts).toEqual(acts ? [{ act: 'clear', by: 'operator' }] : [])
})
