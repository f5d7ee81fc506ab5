import { describe, expect, it } from 'vitest'
import type { Command } from '../core/commands.ts'
import { categories, type MessageFacts, type MessageId } from '../core/events.ts'
import { type Hash64, nameHash } from '../std/hash64.ts'
import { type Mailbox, parseMailbox } from '../std/mailbox.ts'
import type { MessageRequest } from './intake.ts'
import { type Gateway, openIntake } from './requests.ts'

const mailbox = (address: string): Mailbox => {
  const parsed = parseMailbox(address)
  if (!parsed.ok) throw new Error(parsed.code)
  return parsed.mailbox
}
const hash = (domain: string, text: string): Hash64 => nameHash(`${domain} ${text}`)

/** An intake over a gateway that keeps what it is given to decide. */
function intake() {
  const commands: Command[] = []
  const gateway: Gateway<undefined> = {
    newId: () => `m-${commands.length}` as MessageId,
    hash,
    seal: () => ({ commitment: '', digest: '', sealed: undefined }),
    code: id => id,
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
  return async (part: Partial<MessageRequest>, application = 'shop'): Promise<MessageFacts> => {
    const content = { kind: 'parts', subject: 's', text: 't' } as const
    await open.messages({ name: application }, [{ class: 'other', recipient: mailbox('me@x.org'), content, ...part }])
    return (commands.at(-1) as { message: MessageFacts }).message
  }
}

describe('the facts of a message', () => {
  it.each<[string, Partial<MessageRequest>, string[] | undefined]>([
    ['nobody', {}, undefined],
    ['the subject', { content: { kind: 'parts', subject: 'For Ann+x@gmail.com', text: 't' } }, ['ann@gmail.com']],
    ['the HTML', { content: { kind: 'parts', subject: 's', html: '<b>ann@y.org</b>' } }, ['ann@y.org']],
    [
      'a value',
      { content: { kind: 'template', name: 't', slots: { to: 'ann@y.org', me: 'me@x.org' } } },
      ['ann@y.org'],
    ],
    [
      'the sender',
      { from: { mailbox: mailbox('shop@y.org') }, content: { kind: 'parts', subject: 'shop@y.org' } },
      undefined,
    ],
    ['a whole mail', { content: { kind: 'raw', data: Buffer.from('To: ann@y.org\r\n\r\n') } }, undefined],
  ])('name who else is in %s', async (_, part, mentions) => {
    expect((await intake()(part)).mentions).toEqual(mentions?.map(address => hash('mailbox', address)))
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
