import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mentionsMax } from '../core/events.ts'
import { type Mailbox, parseMailbox } from '../std/mailbox.ts'
import { addressesIn, addressesMax, mentionsIn } from './addresses.ts'

const mailbox = (address: string): Mailbox => {
  const parsed = parseMailbox(address)
  if (!parsed.ok) throw new Error(parsed.code)
  return parsed.mailbox
}
const own = [mailbox('me@example.org'), mailbox('shop@example.com')]

describe('the addresses of others in a text', () => {
  it.each<[string, string[]]>([
    ['Follow the link.', []],
    ['Hello Ann.Other@Example.org, your code is 5.', ['ann.other@example.org']],
    ['For me@example.org, from shop@example.com', []],
    ['ME@EXAMPLE.ORG', []],
    ['Write to <ann@example.org>, "bob@example.org".', ['ann@example.org', 'bob@example.org']],
    ['<a href="mailto:ann@example.org">x</a>', ['ann@example.org']],
    ["<a href='https://example.com/reset?email=ann@example.org&t=1'>", ['ann@example.org']],
    ['https://example.com/reset?email=ann%40example.org&t=1', ['ann@example.org']],
    ['ann@example.org ann@example.org', ['ann@example.org']],
    ['(ann@example.org.)', ['ann@example.org']],
    ['@example.org and ann@ and a@b and @@ and ann@@example.org', []],
    ["'ann@example.org'", ['ann@example.org']],
    ['ann@bücher.example', ['ann@xn--bcher-kva.example']],
    ['100% 40 and %4 and 5 @ home', []],
    ['"ann other"@example.org', ['ann other@example.org']],
    ['ann@example.org。', ['ann@example.org']],
    ['joined @ann, @media print, logo@2x.png, git@v1.2', []],
    ['Message-ID: <4711@mail.example.org>, cid:image001.png@01d9.example.org', []],
    ['in reply to <20261124.183000.1b2c3d4e5f@mail.example.org>', []],
    ['ann@corp.internal and root@localhost', ['ann@corp.internal', 'root@localhost']],
  ])('%s', (text, mentions) => expect(mentionsIn([text], own)).toEqual(mentions))

  it('are found over all texts, and bounded', () => {
    const many = Array.from({ length: 50 }, (_, i) => `u${i}@example.org`)
    expect(mentionsIn([undefined, many[0], many[1]], own)).toEqual(many.slice(0, 2))
    expect(mentionsIn([many.join(' ')], own)).toEqual(many.slice(0, mentionsMax))
    expect(mentionsIn([`${'@ '.repeat(1000)}${many[0]}`], own)).toEqual([many[0]])
    const all = Array.from({ length: 500 }, (_, i) => `u${i}@example.org`).join(' ')
    expect(addressesIn(all)).toHaveLength(addressesMax)
  })

  it('are found wherever one stands between spaces', () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
    fc.assert(
      fc.property(
        label,
        label,
        fc.string({ unit: fc.constantFrom(' ', 'a', '<', '"', '/', '=') }),
        (local, domain, text) => {
          const address = `${local}@${domain}.example`
          expect(mentionsIn([`${text} ${address} ${text}`], [])).toEqual([address])
        },
      ),
    )
  })
})
