import { describe, expect, it } from 'vitest'
import { readItem, TraceCommands } from '../../src/cli/replay/trace.ts'
import type { Command } from '../../src/core/commands.ts'
import { isMessageId } from '../../src/std/uuid.ts'
import { asked, at, freshSetting, type TraceLine, t0, wanted } from './traces.ts'

// What the core is told about the events of a trace.

const commands = new TraceCommands(await freshSetting)

function commandOf(line: TraceLine): Command {
  const read = readItem(line, 1)
  if (!read.ok) throw new Error(read.code)
  return commands.commandOf(read.item, read.item.time!)
}

function messageOf(line: TraceLine) {
  const command = commandOf(line)
  if (command.type !== 'RequestMessage') throw new Error(command.type)
  return command.message
}

function signalOf(type: string, data: object, id = 's') {
  const command = commandOf({ specversion: '1.0', id, source: '/seen', type, time: at(9), subject: 'a', data })
  if (command.type !== 'ReportSignal') throw new Error(command.type)
  return command.signal
}

describe('the facts of a message', () => {
  it('have an id made of its event, in the form of a UUIDv7', () => {
    const { id } = messageOf(wanted('m', 1))
    expect(isMessageId(id)).toBe(true)
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(t0 + 1000)
    expect(messageOf(wanted('m', 1)).id).toBe(id)
    const others = [wanted('n', 1), wanted('m', 1.001), { ...wanted('m', 1), source: '/other' }]
    expect(new Set([id, ...others.map(line => messageOf(line).id)]).size).toBe(4)
  })

  it('are its account, its cause and its address as other events name them', () => {
    const cause = commandOf(asked('c', 0, 'ann'))
    const message = messageOf(wanted('m', 1, 'ann', { cause: { id: 'c' }, template: 't', templateVersion: '2' }))
    expect(cause).toMatchObject({
      type: 'ReportCause',
      cause: { key: message.cause, account: message.account, recipients: [message.address] },
    })
    expect(message).toMatchObject({ class: 'password-reset', template: { name: 't', version: '2' }, via: 'http' })
  })

  it('tell the build, else the service, as one of 32', () => {
    const builds = Array.from({ length: 400 }, (_, i) => messageOf(wanted('m', 1, 'a', { build: `b${i}` })).build!)
    expect(new Set(builds).size).toBe(32)
    expect(messageOf(wanted('m', 1, 'a', { source: 'b1' })).build).toBe(builds[1])
    expect(messageOf(wanted('m', 1)).build).toBeUndefined()
  })
})

describe('the facts of a signal', () => {
  it('name the message by its id, and where it stood once it was decided', () => {
    const message = messageOf(wanted('m', 1, 'a', { template: 't' }))
    const report = () => signalOf('tocsin.report.received', { kind: 'not-requested', message: 'm' })
    expect(report()).toMatchObject({ kind: 'reported', report: 'not-requested', message: message.id })
    expect(report()).not.toHaveProperty('about')
    const place = { class: 'password-reset', lane: 'open', source: '', template: 't' } as const
    commands.messages.decided('m', place)
    expect(report()).toMatchObject({ about: place, message: message.id, occurredAt: t0 + 9000 })
    expect(signalOf('tocsin.provider.bounced', { provider: 'p', providerId: 'x', message: 'm' })).toMatchObject({
      kind: 'provider',
      what: 'bounced',
      about: place,
    })
  })

  it('do without a message that nobody knows', () => {
    expect(signalOf('tocsin.report.received', { kind: 'phishing', message: 'nobody' })).not.toHaveProperty('message')
  })

  it('have a key of their own for each event', () => {
    const keys = ['1', '2', '1'].map(id => signalOf('tocsin.reset.completed', { cause: 'c' }, id).key)
    expect([keys[0] === keys[2], keys[0] === keys[1]]).toEqual([true, false])
  })
})
