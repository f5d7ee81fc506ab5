import { describe, expect, it } from 'vitest'
import type { Command } from '../core/commands.ts'
import type { Content, Proof } from '../core/content.ts'
import { categories, type MessageFacts, type MessageId } from '../core/events.ts'
import { type Hash64, nameHash } from '../std/hash64.ts'
import { type Mailbox, parseMailbox } from '../std/mailbox.ts'
import { type Application, type MessageRequest, Unavailable } from './intake.ts'
import { type Gateway, openIntake, type WrittenMessage } from './requests.ts'

const mailbox = (address: string): Mailbox => {
  const parsed = parseMailbox(address)
  if (!parsed.ok) throw new Error(parsed.code)
  return parsed.mailbox
}
const hash = (domain: string, text: string): Hash64 => nameHash(`${domain} ${text}`)

const written = (code: string, invalid: string[] = []): WrittenMessage => ({
  status: 'written',
  template: { name: 't', version: '2', hash: 'h', locale: 'en' },
  subject: 's',
  text: `Hello, ${code}`,
  html: `<p>${code}</p>`,
  invalid,
})

/** An intake over a gateway that keeps what it is given to decide. */
function intake(
  write: Gateway<undefined>['write'] = () => ({ status: 'unknown' }),
  found: Proof = { findings: [], mentions: [] },
) {
  const contents: Content[] = []
  const commands: Command[] = []
  let ids = 0
  const gateway: Gateway<undefined> = {
    newId: () => `m-${ids++}` as MessageId,
    hash,
    seal: (_id, _subject, content) => {
      contents.push(content)
      return { commitment: '', digest: JSON.stringify(content), sealed: undefined }
    },
    code: id => id,
    write,
    prove: async messages => messages.map(() => found),
    isAllowListed: () => false,
    standingsOf: async () => new Map(),
    senderOf: () => undefined,
    async submit(submissions) {
      commands.push(...submissions.map(({ command }) => command))
      return submissions.map(({ command }) => {
        const { id } = (command as { message: MessageFacts }).message
        return { type: 'decided', id, outcome: 'deliver', reasons: [], lane: 'open', repeat: false } as const
      })
    },
  }
  const open = openIntake(gateway)
  const content = { kind: 'parts', subject: 's', text: 't' } as const
  const ask = (application: Application, ...parts: Partial<MessageRequest>[]) =>
    open.messages(
      application,
      parts.map(part => ({ class: 'other', recipient: mailbox('me@x.org'), content, ...part })),
    )
  const send = async (part: Partial<MessageRequest>, application = 'shop'): Promise<MessageFacts> => {
    await ask({ name: application }, part)
    return (commands.at(-1) as { message: MessageFacts }).message
  }
  return Object.assign(send, { ask, contents, commands })
}

describe('a message from a template', () => {
  const content = { kind: 'template', name: 't', slots: { who: 'Ann' } } as const

  it('is sealed as it was written, and names what it was written from', async () => {
    const send = intake(({ code }) => written(code))
    const facts = await send({ content })
    expect(facts.template).toEqual({ name: 't', version: '2', hash: 'h' })
    expect(facts).not.toHaveProperty('findings')
    expect(send.contents).toMatchObject([
      { text: `Hello, ${facts.id}`, template: { locale: 'en' }, slots: { who: 'Ann' } },
    ])
  })

  it('has its findings', async () => {
    expect(await intake(({ code }) => written(code, ['who']))({ content })).toMatchObject({
      findings: ['content.slot-invalid'],
    })
    expect(await intake(() => ({ status: 'no-source' }))({ content })).toMatchObject({
      template: { name: 't' },
      findings: ['content.not-as-approved'],
    })
  })

  it('keeps what it takes to be written later', async () => {
    const send = intake()
    expect(await send({ content: { ...content, version: '7', locale: 'de' } })).toMatchObject({
      template: { name: 't', version: '7' },
    })
    expect(send.contents).toEqual([
      { recipient: mailbox('me@x.org'), template: { name: 't', version: '7', locale: 'de' }, slots: { who: 'Ann' } },
    ])
  })

  it('is the same again, though its code is another', async () => {
    const send = intake(({ code }) => written(code))
    const [one, again] = [await send({ content, idempotencyKey: 'k' }), await send({ content, idempotencyKey: 'k' })]
    expect(one.id).not.toBe(again.id)
    expect(again.repeat).toEqual(one.repeat)
    const other = await send({ content: { ...content, slots: { who: 'Bob' } }, idempotencyKey: 'k' })
    expect(other.repeat).toMatchObject({ key: one.repeat!.key })
    expect(other.repeat).not.toEqual(one.repeat)
  })

  it('is refused for its slots, and the others are decided in their places', async () => {
    const faults = [{ slot: 'who', code: 'slot.missing', detail: '' }]
    const send = intake(({ code }, { slots }) =>
      'who' in slots ? Promise.resolve(written(code)) : { status: 'refused', faults },
    )
    const answers = await send.ask({ name: 'shop' }, { content: { ...content, slots: {} } }, { content }, {})
    expect(answers).toMatchObject([{ status: 'refused', faults }, { status: 'decided' }, { status: 'decided' }])
  })

  it('has its code once', async () => {
    const send = intake(({ code }) => written(code))
    await send.ask({ name: 'shop', appendCode: true }, { content }, {})
    expect(send.contents.map(({ appendCode }) => appendCode)).toEqual([undefined, true])
  })
})

describe('the facts of a message', () => {
  const showing = (proof: Proof) => intake(({ code }) => written(code, ['who']), proof)

  it.each<[string, Proof, Partial<MessageFacts>]>([
    ['nothing was found', { findings: [], mentions: [] }, {}],
    [
      'others are named',
      { findings: ['content.other-address'], mentions: ['ann@y.org'] },
      { findings: ['content.other-address'], mentions: [hash('mailbox', 'ann@y.org')] },
    ],
    [
      'a look is known',
      { findings: [], mentions: [], template: { name: 'look', version: '1', hash: 'h' } },
      { template: { name: 'look', version: '1', hash: 'h', learnt: true } },
    ],
  ])('have what the proof says: %s', async (_, proof, facts) => {
    const nothing = { findings: undefined, mentions: undefined, template: undefined }
    const { findings, mentions, template } = await showing(proof)({})
    expect({ findings, mentions, template }).toEqual({ ...nothing, ...facts })
  })

  it('keep the template that the message names, and what writing it has found', async () => {
    const look = { name: 'look', version: '1', hash: 'other' }
    const send = showing({ findings: ['content.link'], mentions: [], template: look })
    expect(await send({ content: { kind: 'template', name: 't', slots: {} } })).toMatchObject({
      template: { name: 't', version: '2', hash: 'h' },
      findings: ['content.link', 'content.slot-invalid'],
    })
  })

  it('say whether recipients come in order', async () => {
    const send = intake()
    const orders: unknown[] = []
    for (const to of ['b@x.org', 'C@x.org', 'a@x.org']) orders.push((await send({ recipient: mailbox(to) })).inOrder)
    expect(orders).toEqual([undefined, true, false])
    expect(await send({ class: 'password-reset' })).not.toHaveProperty('inOrder')
  })

  it('have a category for the build, else for the application', async () => {
    const send = intake()
    const [one, other, build] = [await send({}), await send({}, 'app'), await send({ build: 'r7' }, 'app')]
    expect(new Set([one.build, other.build, build.build]).size).toBe(3)
    expect(await send({ build: 'r7' })).toMatchObject({ build: build.build })
    for (const { build } of [one, other]) expect(build).toBeLessThan(categories)
  })
})

it('nothing is decided while a template cannot be read', async () => {
  const { ask, commands } = intake(() => Promise.reject(new Error('the database is away')))
  const content = { kind: 'template', name: 't', slots: {} } as const
  await expect(ask({ name: 'shop' }, {}, { content })).rejects.toThrow(Unavailable)
  expect(commands).toEqual([])
})
