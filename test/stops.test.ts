import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openHouse, Product } from './product.ts'

const cli = join(import.meta.dirname, '..', 'src', 'cli', 'tocsin.ts')

async function tocsin(product: Product, args: string[]): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, [cli, ...args], {
    env: { PATH: process.env.PATH, TOCSIN_DATA_DIR: join(product.dataDir, 'data') },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => void (said += text))
  const [code] = await once(child, 'close')
  return { code: code as number, said }
}

it('a resume of another scope than the stop is refused on the command line, which says what would end it', async () => {
  const product = await Product.start({ config: openHouse })
  const part = ['--lane', 'open', '--source', '', '--template', "it's"]
  const run = (...args: string[]) => tocsin(product, args)
  expect(await run('stops')).toMatchObject({ code: 0, said: 'nothing is stopped\n' })
  const nothing = await run('resume', 'other')
  expect([nothing.code, nothing.said]).toEqual([1, expect.stringContaining('nothing of other is stopped')])
  expect((await run('pause', 'other', '--reason', 'a flood', ...part)).code).toBe(0)

  const refused = await run('resume', 'other')
  expect([refused.code, refused.said]).toEqual([1, expect.not.stringContaining('resumed')])
  const ends = `npx tocsin resume other --lane open --source '' --template 'it'\\''s'`
  expect(refused.said).toContain(ends)
  expect((await run('resume', 'other', '--json')).said).toContain('"code":"stop.unknown"')
  expect((await run('stops', 'other')).said).toContain(ends)
  const { stops } = JSON.parse((await run('stops', '--json')).said)
  expect(stops).toMatchObject([{ class: 'other', lane: 'open', source: '', template: "it's", reason: 'a flood' }])
  expect(await run('resume', 'other', ...part)).toMatchObject({ code: 0, said: 'resumed\n' })
  expect((await run('stops', 'other')).said).toBe('nothing is stopped\n')

  for (const scope of [part, []]) await run('pause', 'other', '--reason', 'a flood', ...scope)
  expect(await run('resume', 'other', '--all')).toMatchObject({ code: 0, said: 'resumed; 2 ended\n' })
  expect(await run('resume', 'other', '--all')).toMatchObject({ code: 1, said: 'nothing of other is stopped\n' })
  expect((await run('resume', 'other', '--all', '--lane', 'open')).code).toBe(2)
  expect((await run('stops', 'nope')).code).toBe(1)
  const journal = (await product.query('select events from journal')).rows.map(({ events }) => String(events)).join()
  expect(journal.match(/"ClassResumed"/g)).toHaveLength(3)
}, 60_000)
