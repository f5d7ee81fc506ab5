import { afterAll, expect, it } from 'vitest'
import { causeKey, openHouse, Product } from '../product.ts'
import { type Sink, startSink } from '../sink.ts'

// A flood of resets that strangers ask for: account holders' own resets and their sign-in alerts go first, and the flood's budget binds.

const inFlightMax = 8
const floodMessages = 3000
const floodBudgetPerHour = 1000
const holders = 30

let open = () => {}
const gate = new Promise<void>(resolve => {
  open = resolve
})
let sink: Sink
afterAll(() => sink?.close())

const inBatch = (lines: object[]) => lines.map(line => JSON.stringify(line)).join('\n')

it('resets of known devices and sign-in alerts pass a flood that is waiting; the flood stops at its budget', async () => {
  sink = await startSink(async at => {
    if (at === 'end') await gate
    return undefined
  })
  const config = {
    ...openHouse,
    inFlightMax,
    classes: { 'password-reset': { budgetPerHour: { open: floodBudgetPerHour } } },
  }
  const product = await Product.start({ config, upstreams: [sink.port] })

  const reset = (email: string, cause?: string) => ({
    class: 'password-reset',
    account: email,
    recipient: { email },
    subject: `reset ${email}`,
    text: 'Hello',
    ...(cause && { cause: { id: cause } }),
  })
  const flood = Array.from({ length: floodMessages }, (_, i) => reset(`stranger-${i}@example.net`))
  const flooded = await product.sendBatch(inBatch(flood))
  const went = flooded.filter(({ outcome }) => outcome === 'deliver').length
  expect(new Set(flooded.map(({ lane }) => lane))).toEqual(new Set(['open']))
  expect(went).toBeLessThanOrEqual(floodBudgetPerHour)
  expect(went).toBeGreaterThan(0)
  for (const { outcome, reasons } of flooded)
    if (outcome !== 'deliver')
      expect({ outcome, reasons }).toMatchObject({
        outcome: 'hold',
        reasons: [{ code: 'cause.missing' }, { code: 'budget.exhausted' }],
      })

  const people = Array.from({ length: holders }, (_, i) => `holder-${i}@example.org`)
  const event = (type: string, subject: string, data: object) => ({
    specversion: '1.0',
    id: `${type} ${subject}`,
    source: 'web',
    type: `tocsin.${type}`,
    subject,
    data,
  })
  const events = people.flatMap(person => [
    event('reset.requested', person, {
      known: true,
      trust: 'known-device',
      requester: { device: 'd' },
      recipients: [{ email: person }],
    }),
    event('login.succeeded', person, { ip: '192.0.2.1', newDevice: true, recipients: [{ email: person }] }),
  ])
  const reported = await product.ask('/v1/events', {
    method: 'POST',
    key: causeKey,
    body: JSON.stringify(events),
    headers: { 'content-type': 'application/cloudevents-batch+json' },
  })
  expect(reported).toMatchObject({ status: 202, body: { accepted: events.length } })
  const urgent = await product.sendBatch(
    inBatch(
      people.flatMap(person => [
        reset(person),
        { ...reset(person), class: 'sign-in-alert', subject: `alert ${person}` },
      ]),
    ),
  )
  expect(urgent.map(({ outcome, lane }) => `${outcome} ${lane}`)).toEqual(
    people.flatMap(() => ['deliver reserved', 'deliver system']),
  )

  expect(sink.mails).toHaveLength(0)
  open()
  await product.settled()
  expect(sink.mails).toHaveLength(went + urgent.length)
  const places = sink.mails.flatMap(({ to }, i) => (to[0]!.includes('holder') ? [i] : []))
  console.log(
    `${went} of ${floodMessages} went; the last of ${urgent.length} urgent ones left in place ${places.at(-1)! + 1}`,
  )
  expect(places).toHaveLength(urgent.length)
  // Ahead of them only what was with the world already, and what overtook them on another connection.
  expect(places.at(-1)).toBeLessThan(urgent.length + 2 * inFlightMax)
})
