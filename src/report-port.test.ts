import { expect, it } from 'vitest'
import { repliesAllowed, repliesPerHourMax } from './report-port.ts'
import { type Mailbox, parseMailbox } from './std/mailbox.ts'

const mailbox = (text: string): Mailbox => {
  const parsed = parseMailbox(text)
  if (!parsed.ok) throw new Error(text)
  return parsed.mailbox
}

it('a thousand addresses of one domain get no more replies than an hour has', () => {
  let now = 1_000_000_000
  const mayReply = repliesAllowed(() => now)
  const allowed = (from: number) =>
    Array.from({ length: 1000 }, (_, n) => mayReply(mailbox(`p${from + n}@evil.example`))).filter(Boolean).length
  expect(allowed(0)).toBe(repliesPerHourMax)
  expect(mayReply(mailbox('p0@evil.example'))).toBe(false)
  now += 3_600_000
  expect(allowed(1000)).toBe(repliesPerHourMax)
})
