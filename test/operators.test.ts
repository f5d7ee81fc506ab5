import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openHouse, Product } from './product.ts'

const cli = join(import.meta.dirname, '..', 'src', 'cli', 'tocsin.ts')

/** `npx tocsin operator NAME --json`. */
function makeOperator(name: string): { name: string; key: string; keyHash: string; line: string } {
  const { stdout, status } = spawnSync(process.execPath, [cli, 'operator', name, '--json'], { encoding: 'utf8' })
  expect(status).toBe(0)
  return JSON.parse(stdout)
}

it('an operator whom the command made is let in, and the journal has the name and no key', async () => {
  const ana = makeOperator('Ana')
  expect(ana.line).toBe(`{ name: 'Ana', keyHash: '${ana.keyHash}' }`)
  const { name, key, keyHash } = ana
  const product = await Product.start({ config: { ...openHouse, operators: [{ name, keyHash }] } })
  const asked = { method: 'POST', key, headers: { 'content-type': 'application/json' } }
  const stopped = await product.ask('/v1/classes/other/pause', { ...asked, body: '{"reason":"a flood"}' })
  expect(stopped.status).toBe(200)
  const { body } = await product.ask('/v1/classes/other', { key })
  expect(body.stops).toEqual([expect.objectContaining({ by: 'Ana', reason: 'a flood' })])
  const journal = (await product.query('select events from journal')).rows.map(({ events }) => String(events)).join()
  expect(journal).toContain('"by":"Ana"')
  for (const secret of [key, keyHash]) {
    expect(journal).not.toContain(secret)
    expect(product.logs.join()).not.toContain(secret)
  }
  expect((await product.ask('/v1/classes', { key: keyHash })).status).toBe(401)
})
