// A bare Fastify: what a request costs before anything is decided or kept.
import { join } from 'node:path'
import type { Contestant } from '../contestant.ts'
import { freePort, start, stop, until } from '../processes.ts'

const startSecondsMax = 20

/** Whatever takes messages over HTTP. */
export interface HttpService {
  url: string
  apiKey?: string
  adminKey?: string
  roots: () => number[]
  stop: () => Promise<void>
}

export const fastify: Contestant<HttpService> = {
  name: 'fastify',
  about: 'single requests to a bare Fastify with the same validation and an equal answer; nothing decided or kept',
  absence: async () => undefined,
  start: async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const server = start(process.execPath, [join(import.meta.dirname, 'fastify-server.ts'), `${port}`])
    await until('Fastify', () => fetch(url).then(Boolean, () => false), startSecondsMax, server)
    return { url, roots: () => [server.pid], stop: () => stop(server) }
  },
}
