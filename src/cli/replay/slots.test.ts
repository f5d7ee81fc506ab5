import { describe, expect, it } from 'vitest'
import { parseMailbox } from '../../std/mailbox.ts'
import { slotFindings } from './slots.ts'

const mailboxOf = (text: string) => {
  const parsed = parseMailbox(text)
  if (!parsed.ok) throw new Error(parsed.code)
  return parsed.mailbox
}
const ann = mailboxOf('ann@example.org')

describe('what the values of a message show', () => {
  it.each<[string, Record<string, string>, string[]]>([
    ['a program', { agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0' }, []],
    ['names of people', { name: 'Seán O’Brien <3', other: 'St.Gallen', more: 'محمد 😀' }, []],
    ['two hundred signs', { name: 'x'.repeat(200) }, []],
    ['nothing', { device: '' }, []],
    ['markup', { device: 'Phone</td><a href="https://a.example">here</a>' }, ['content.slot-active']],
    ['markup behind references', { device: '&lt;b&gt;Your account&lt;/b&gt;' }, ['content.slot-active']],
    ['a link', { device: 'see https://review.example/x' }, ['content.slot-active']],
    ['a link in its place', { link: 'https://review.example/x', resetUrl: 'https://review.example/y' }, []],
    ['markup in the place of a link', { link: 'https://a.example/"><b>x' }, ['content.slot-active']],
    ['the recipient', { greeting: 'Hello ann@example.org' }, []],
    ['somebody else', { greeting: 'Hello ann@example.org, eve@example.com' }, ['content.other-address']],
    ['somebody else in the place of an address', { newEmail: 'ann.b@example.com' }, []],
    ['more than fits', { body: 'x '.repeat(300) }, ['content.slot-invalid']],
    ['lines', { device: 'Phone\nYour account is closed' }, ['content.slot-invalid']],
    ['a test', { subject: 'Integration Test Email #1' }, ['content.test-material']],
    ['somebody who is called so', { name: 'Test Email' }, []],
  ])('%s', (_, slots, findings) => {
    expect(slotFindings(slots, ann)).toEqual(findings)
  })

  it('takes every address for another’s where nobody knows the recipient’s', () => {
    expect(slotFindings({ greeting: 'ann@example.org' }, undefined)).toEqual(['content.other-address'])
  })
})
