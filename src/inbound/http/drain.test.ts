import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Intake } from '../intake.ts'
import { drainMsMax } from './drain.ts'
import { httpOver, message, RecordedIntake } from './test-ports.ts'

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

/** An intake that answers when it is told to. */
function slowIntake() {
  const recorded = new RecordedIntake()
  let go = () => {}
  let asked = () => {}
  const gate = new Promise<void>(resolve => (go = resolve))
  const isAsked = new Promise<void>(resolve => (asked = resolve))
  const intake: Intake = {
    events: events => recorded.events(events),
    confirm: (...confirmed) => recorded.confirm(...confirmed),
    async messages(application, requests) {
      asked()
      await gate
      return recorded.messages(application, requests)
    },
  }
  return { intake, go: () => go(), isAsked }
}

async function listening(intake: Intake, drainMs = drainMsMax) {
  const { app } = httpOver({ intake, drainMs })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const open = () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    sockets.push(socket)
    return socket
  }
  return { app, open }
}

const post = (path: string, type: string) => {
  const body = JSON.stringify(message())
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer send\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

describe('a stop', () => {
  it.each([
    ['/v1/messages', 'application/json', 202],
    ['/v1/messages/batch', 'application/x-ndjson', 200],
  ])('answers what is under way at %s, then ends the connection that would be kept alive', async (path, type, status) => {
    const slow = slowIntake()
    const { app, open } = await listening(slow.intake)
    const socket = open()
    let answer = ''
    socket.on('data', chunk => {
      answer += chunk
    })
    socket.write(post(path, type))
    await slow.isAsked
    const ended = once(socket, 'close')
    const closed = app.close()
    slow.go()
    await Promise.all([closed, ended])
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toContain('"outcome":"deliver"')
  })

  it('does not wait for ever for who never ends his request', async () => {
    const { app, open } = await listening(new RecordedIntake(), 50)
    const socket = open()
    const begun = once(app.server, 'request')
    socket.write(post('/v1/messages', 'application/json').slice(0, -5))
    await begun
    await app.close()
  })
})
