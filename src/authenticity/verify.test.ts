import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Corpus, genuineMails } from '../../test/campaign/forgery/genuine.ts'

let corpus: Corpus
beforeAll(async () => {
  corpus = await genuineMails()
})
afterAll(() => corpus.close())

const mailOf = (name: string): string => corpus.mails.find(mail => mail.name === name)!.data.toString('latin1')
const asked = async (mail: string, recipient?: string) => {
  const answer = await corpus.verifier.byMail({
    data: Buffer.from(mail, 'latin1'),
    ...(recipient !== undefined && { recipient }),
  })
  return 'reason' in answer && answer.reason ? `${answer.verdict}: ${answer.reason}` : answer.verdict
}
const [head, body] = [
  (mail: string) => mail.slice(0, mail.indexOf('\r\n\r\n') + 2),
  (mail: string) => mail.slice(mail.indexOf('\r\n\r\n') + 4),
]
const unsigned = (mail: string) => mail.replaceAll(/^DKIM-Signature:[^\r]*(?:\r\n[ \t][^\r]*)*\r\n/gim, '')
/** Written anew as a server may do that cannot pass on what it got. */
const recoded = (mail: string) =>
  `${head(mail).replace(/^Content-Transfer-Encoding:.*\r\n/im, '')}Content-Transfer-Encoding: base64\r\n\r\n${Buffer.from(body(mail), 'latin1').toString('base64')}\r\n`
const listed = (mail: string) =>
  `${head(mail).replace(/^Subject: /m, 'Subject: [shop] ')}List-Id: <shop.lists.example>\r\n\r\n${body(mail)}______\r\nshop mailing list\r\n`

describe('a whole mail', () => {
  it.each<[given: string, mail: () => string, then: string]>([
    ['as it left', () => mailOf('text'), 'unconfirmed'],
    [
      'with what servers add',
      () => `Return-Path: <x@y.example>\r\nReceived: from a by b\r\nX-Spam: no\r\n${mailOf('text')}`,
      'unconfirmed',
    ],
    ['from a file, with LF', () => mailOf('text and HTML').replaceAll('\r\n', '\n'), 'unconfirmed'],
    [
      'pasted, without its last line end',
      () => mailOf('as plain mail').replaceAll('\r\n', '\n').trimEnd(),
      'unconfirmed',
    ],
    ['from a file of a mailbox', () => `From x@y.example Thu Jan  8 12:00:00 2026\r\n${mailOf('text')}`, 'unconfirmed'],
    ['without its signatures', () => unsigned(mailOf('text')), 'unknown: unsigned'],
    ['with a signature broken', () => mailOf('text').replace(/ bh=./, ' bh=!'), 'altered: signature'],
    [
      'with another signature by somebody',
      () => `DKIM-Signature: v=1; a=rsa-sha256; d=isp.example; s=x; h=from; bh=; b=\r\n${mailOf('text')}`,
      'unconfirmed',
    ],
    ['written anew on its way', () => recoded(mailOf('text')), 'altered: re-encoded'],
    ['written anew, unsigned', () => recoded(unsigned(mailOf('as plain mail'))), 'altered: re-encoded'],
    ['with a footer', () => `${mailOf('text')}-- \r\nThis mail was scanned.\r\n`, 'altered: added'],
    ['from a mailing list', () => listed(mailOf('text')), 'altered: added'],
    ['from a mailing list that writes it anew', () => recoded(listed(mailOf('text'))), 'altered: added'],
    [
      'from a list that writes to others',
      () => listed(mailOf('text')).replace(/^To: .*/m, 'To: shop@lists.example'),
      'unknown: no-match',
    ],
    ['with another link', () => mailOf('text').replace('www.example.org', 'www.example.net'), 'altered: content'],
    ['with another sender', () => mailOf('text').replace(/^From: .*/m, 'From: a@evil.example'), 'altered: content'],
    ['with an answer address', () => `Reply-To: a@evil.example\r\n${mailOf('text')}`, 'altered: added'],
    [
      'that copied the code',
      () =>
        `From: a@evil.example\r\nTo: ann@example.net\r\nSubject: Locked\r\nTocsin-Code: ${corpus.mails[0]!.code}\r\n\r\nhttps://evil.example\r\n`,
      'altered: content',
    ],
    [
      'that copied the code for somebody else',
      () => `From: a@evil.example\r\nTo: bob@example.net\r\nTocsin-Code: ${corpus.mails[0]!.code}\r\n\r\nx\r\n`,
      'unknown: no-match',
    ],
    [
      'with a code that is none of ours',
      () => 'From: a@evil.example\r\nTo: bob@example.net\r\nTocsin-Code: 7ZZZ-ZZZZ-ZZZ7\r\n\r\nx\r\n',
      'unknown: no-match',
    ],
    ['that has nothing of ours', () => 'From: a@evil.example\r\nTo: ann@example.net\r\n\r\nx\r\n', 'not-ours'],
    [
      'in our name, with nothing of ours',
      () => 'From: noreply@example.org\r\nTo: ann@example.net\r\n\r\nx\r\n',
      'not-ours',
    ],
    ['that is no mail', () => 'hello', 'unknown: unreadable'],
    ['that is empty', () => '\r\n', 'unknown: unreadable'],
  ])('%s', async (_, mail, then) => {
    expect(await asked(mail())).toBe(then)
  })

  it('whose To names nobody is checked with the address that the reader gives', async () => {
    const mail = mailOf('as plain mail').replace(/^To: .*/m, 'To: undisclosed-recipients:;')
    expect(await asked(mail)).toBe('unknown: no-match')
    expect(await asked(mail, 'ann@example.net')).toBe('altered: re-encoded')
    expect(await asked(mail, 'bob@example.net')).toBe('unknown: no-match')
  })

  it('that was passed on whole speaks for itself only to whom it was sent', async () => {
    expect(await asked(mailOf('text'), 'ann@example.net')).toBe('unconfirmed')
    expect(await asked(mailOf('text'), 'bob@example.net')).toBe('unknown: other-recipient')
    const altered = mailOf('text').replace('www.example.org', 'www.example.net')
    expect(await asked(altered, 'bob@example.net')).toBe('altered: content')
  })

  it('is told by the code of its own field, whatever code it writes about', async () => {
    const codes = [corpus.mails[0]!.code, corpus.mails[2]!.code]
    const mail = mailOf('text and HTML').replace('Hello', `About ${codes[0]}: Hello`)
    expect(codes[0]).not.toBe(codes[1])
    expect(await asked(mail.replaceAll(codes[1]!, '7ZZZ-ZZZZ-ZZZ7'))).toBe('unknown: no-match')
  })

  const many = (n: number) =>
    `DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=x; l=${400_000 + n}; h=from; bh=; b=\r\n`
  it.each([
    ['dots behind its @', `From: x@${'.'.repeat(200_000)}_\r\n`],
    ['many @', `From: ${'@.'.repeat(100_000)}_\r\n`],
    ['a signature for each length', `From: a@b.example\r\n${Array.from({ length: 900 }, (_, n) => many(n)).join('')}`],
  ])('cannot keep us busy with %s', async (_, fields) => {
    const began = performance.now()
    await asked(`${fields}\r\n${'Hello\r\n'.repeat(100_000)}`)
    expect(performance.now() - began).toBeLessThan(1000)
  })

  it('is never said to be somebody else’s by content: what fits nobody is answered alike', async () => {
    const genuine = mailOf('text').replace(/^To: .*/m, 'To: bob@example.net')
    const made = genuine.replaceAll(corpus.mails[0]!.code, '7ZZZ-ZZZZ-ZZZ7')
    const answers = await Promise.all([genuine, made].map(mail => corpus.verifier.byMail({ data: Buffer.from(mail) })))
    expect(answers[0]).toEqual(answers[1])
  })
})
