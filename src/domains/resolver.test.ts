import { createSocket, type Socket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { isServer, resolverDns } from './resolver.ts'

// What servers answer when something is wrong: over a real socket, from octets. A server that is right is in `test/domains.test.ts`.

let socket: Socket | undefined
afterEach(() => {
  socket?.close()
  socket = undefined
})

/** A server that answers each question with what is made of it, or not at all. */
async function server(reply: (question: Buffer) => Buffer | undefined): Promise<string> {
  const opened = createSocket('udp4')
  socket = opened
  opened.on('message', (question, { address, port }) => {
    const answer = reply(question)
    if (answer) opened.send(answer, port, address)
  })
  await new Promise<void>(resolve => opened.bind(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(opened.address() as AddressInfo).port}`
}

/** The question as an answer with this code (RFC 1035 §4.1.1) and these records behind it. */
function answered(question: Buffer, code: number, records: Buffer[] = []): Buffer {
  const end = question.indexOf(0, 12) + 5
  const head = Buffer.from(question.subarray(0, end))
  head.writeUInt16BE(0x8180 | code, 2)
  head.writeUInt16BE(records.length, 6)
  head.writeUInt32BE(0, 8)
  return Buffer.concat([head, ...records])
}

/** A record of the name that was asked for. */
function record(type: number, data: Buffer): Buffer {
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, 0])
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

const dnsAt = (address: string) => resolverDns({ servers: [address], tryMsMax: 80, tries: 2 })

describe('a resolver', () => {
  it.each<[given: string, reply: (question: Buffer) => Buffer | undefined, then: string]>([
    ['no records', question => answered(question, 0), 'nodata'],
    ['no such name', question => answered(question, 3), 'nxdomain'],
    ['a fault of the server', question => answered(question, 2), 'servfail'],
    ['a refusal', question => answered(question, 5), 'servfail'],
    ['a question that it cannot read', question => answered(question, 1), 'servfail'],
    ['what it has not learnt', question => answered(question, 4), 'servfail'],
    ['a record that is cut off', question => answered(question, 0, [record(16, Buffer.from([200, 65]))]), 'servfail'],
    ['nothing', () => undefined, 'timeout'],
    ['noise', () => Buffer.from('noise'), 'servfail'],
    [
      'an answer to another question',
      question => Buffer.concat([Buffer.from([1, 2]), answered(question, 3).subarray(2)]),
      'timeout',
    ],
  ])('%s', async (_, reply, then) => {
    const dns = dnsAt(await server(reply))
    expect((await dns.txt('example.org')).status).toBe(then)
  })

  it('reads the strings of a text, whatever octets they have', async () => {
    const text = record(16, Buffer.concat([Buffer.from([2]), Buffer.from([0, 255]), Buffer.from([1, 65])]))
    const found = await dnsAt(await server(question => answered(question, 0, [text]))).txt('example.org')
    expect(found.status === 'records' && found.records[0]?.map(({ length }) => length)).toEqual([2, 1])
  })

  it('gives what is under way up when it is told to', async () => {
    const dns = resolverDns({ servers: [await server(() => undefined)], tryMsMax: 60_000, tries: 1 })
    const asked = dns.txt('example.org')
    dns.cancel()
    expect(await asked).toEqual({ status: 'timeout', why: 'ECANCELLED' })
  })

  it.each([
    ['127.0.0.1', true],
    ['127.0.0.1:5353', true],
    ['[::1]:53', true],
    ['::1', true],
    ['ns.example.org', false],
    ['127.0.0.1:99999', false],
    ['', false],
  ])('%j names a server: %s', (text, then) => {
    expect(isServer(text)).toBe(then)
  })
})
