import { afterEach, expect, it } from 'vitest'
import { benchMail } from './mail.ts'
import { renewable } from './messages.ts'
import { freePort } from './processes.ts'
import { answers, Client, startSink, wireData } from './wire.ts'

const ending: Array<() => void> = []
afterEach(() => {
  for (const end of ending.splice(0)) end()
})

it('tells the sink of each mail once, by its recipient, on one connection', async () => {
  const port = await freePort()
  const arrived: string[] = []
  ending.push(await startSink(port, recipient => arrived.push(recipient)))
  const client = await Client.open(port)
  ending.push(() => client.close())
  for (const to of ['one@example.net', 'two@example.net']) {
    await client.send({ from: 'no-reply@example.org', to, data: wireData(`Subject: a\n\n.\n..\nto ${to}\n`) })
  }
  expect(arrived).toEqual(['one@example.net', 'two@example.net'])
})

it('asks whether a server greets', async () => {
  const port = await freePort()
  expect(await answers(port)).toBe(false)
  ending.push(await startSink(port, () => {}))
  expect(await answers(port)).toBe(true)
})

it('stuffs dots and ends lines with CRLF', () => {
  expect(wireData('a\n.\n.b\n').toString()).toBe('a\r\n..\r\n..b\r\n.\r\n')
})

it('makes a mail of 4 KB without a recipient or a Message-ID of its own', () => {
  const mail = benchMail()
  expect(wireData(mail).length).toBeGreaterThan(3_900)
  expect(wireData(mail).length).toBeLessThan(4_300)
  expect(mail).not.toMatch(/^(To|Cc|Message-ID):/im)
})

it('makes messages of about 1 KB, each to another mailbox, in one piece of memory', () => {
  const { renew } = renewable(3)
  const recipients = new Set<string>()
  for (let n = 0; n < 2; n++) {
    for (const line of renew().toString().trim().split('\n')) {
      expect(line.length).toBeGreaterThan(900)
      expect(line.length).toBeLessThan(1_150)
      recipients.add(JSON.parse(line).recipient.email)
    }
  }
  expect(recipients.size).toBe(6)
})
