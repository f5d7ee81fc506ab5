import { expect, it } from 'vitest'
import { emptyDatabase, execute, testServer } from './postgres.ts'
import { adminKey, causeKey, openHouse, Product } from './product.ts'

/** What README.md promises to whoever pays for each connection. */
const connectionsMax = 16

it(`holds at most ${connectionsMax} connections, as a user who has no more and no other rights, whatever is asked of it`, async () => {
  const server = (await testServer()).config
  const database = await emptyDatabase()
  const role = { user: 'small', password: 'a small secret' }
  await execute(server, `create role small login password '${role.password}' connection limit ${connectionsMax}`)
  await execute(server, `alter database ${database.database} owner to small`)
  const product = await Product.start({ config: openHouse, database: { ...database, ...role } })

  let held = 0
  let isWatching = true
  const watching = (async () => {
    const count = `select count(*)::int as count from pg_stat_activity where usename = 'small'`
    while (isWatching) held = Math.max(held, (await execute(server, count)).rows[0].count as number)
  })()
  const message = (n: number) => ({
    class: 'other',
    recipient: { email: `person${n}@example.net` },
    subject: 'News',
    text: `Number ${n}.`,
  })
  const statuses = new Set<number>()
  const ask = async (path: string, key?: string) => statuses.add((await product.ask(path, key ? { key } : {})).status)
  const event = (n: number) =>
    product.ask('/v1/events', {
      key: causeKey,
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({
        ...{ specversion: '1.0', id: `e${n}`, source: '/web', type: 'tocsin.reset.requested', subject: `a${n}` },
        data: { known: true, trust: 'unknown', recipients: [{ email: `person${n}@example.net` }] },
      }),
    })
  const verify = (n: number) =>
    fetch(`${product.running.httpUrl}/v1/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code: '0000-0000-0000', recipient: `person${n}@example.net` }),
    })
  const rounds = Array.from({ length: 300 }, (_, n) => n)
  await Promise.all(
    rounds.flatMap(n => [
      product.send(message(n)).then(({ status }) => statuses.add(status)),
      event(n).then(({ status }) => statuses.add(status)),
      verify(n).then(({ status }) => statuses.add(status)),
      ask('/v1/messages?limit=50', adminKey),
      ask('/v1/alarms', adminKey),
      ask('/v1/holds', adminKey),
    ]),
  )
  await product.settled()
  isWatching = false
  await watching
  console.info(`connections: ${held} held at once, of ${connectionsMax}`)
  expect(held).toBeGreaterThan(5)
  expect(held).toBeLessThanOrEqual(connectionsMax)
  expect(product.logs.filter(line => /too many|connection/i.test(line))).toEqual([])
  expect([...statuses].sort()).toEqual([200, 202])
  await product.stop()
})
