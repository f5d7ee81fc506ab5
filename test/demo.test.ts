import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { freshDirectory } from './postgres.ts'
import { root } from './sources.ts'

it('the demo heeds neither the configuration nor the settings of where it is started', async () => {
  const directory = freshDirectory()
  let told = 0
  const receiver = createServer((_, response) => {
    told++
    response.end()
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
  const config = {
    webhooks: [{ url: `http://127.0.0.1:${port}/`, secret, allowPrivate: true }],
    classes: { 'password-reset': { mode: 'observe' } },
  }
  writeFileSync(join(directory, 'tocsin.config.ts'), `export default ${JSON.stringify(config)}\n`)
  const taken = { TOCSIN_HTTP_PORT: String(port), TOCSIN_SMTP_PORT: String(port), TOCSIN_UPSTREAM: 'nonsense:' }
  const demo = spawn(process.execPath, [join(root, 'src/cli/demo/demo.ts'), '--once'], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...taken, TOCSIN_CONFIG: join(directory, 'tocsin.config.ts') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [demo.stdout, demo.stderr]) stream.on('data', text => void (said += text))
  const [code] = await once(demo, 'exit')
  receiver.close()
  expect(code, said).toBe(0)
  expect(said).toContain('400 hold')
  expect(told).toBe(0)
}, 120_000)
