import { describe, expect, it } from 'vitest'
import { encodeText } from './mime-text.ts'

const a = (count: number) => 'a'.repeat(count)

describe('encodeText', () => {
  it.each([
    // as it is
    ['', '7bit', ''],
    ['Hello', '7bit', 'Hello'],
    ['one\ntwo\rthree\r\nfour\n', '7bit', 'one\r\ntwo\r\nthree\r\nfour\r\n'],
    ['\n\n', '7bit', '\r\n\r\n'],
    ['.\n..\n a\tb = c', '7bit', '.\r\n..\r\n a\tb = c'],
    [' From me\nFrom: me\nFrom', '7bit', ' From me\r\nFrom: me\r\nFrom'],
    [`${a(900)}\n${a(900)}`, '7bit', `${a(900)}\r\n${a(900)}`],
    // quoted-printable
    ['Viele Grüße', 'quoted-printable', 'Viele Gr=C3=BC=C3=9Fe'],
    ['one \ntwo\t\nthree ', 'quoted-printable', 'one=20\r\ntwo=09\r\nthree=20'],
    ['From me\n1 + 1 = 2', 'quoted-printable', '=46rom me\r\n1 + 1 =3D 2'],
    ['over the line\0', 'quoted-printable', 'over the line=00'],
    [a(901), 'quoted-printable', `${`${a(75)}=\r\n`.repeat(12)}a`],
    [`${a(901)}\n`, 'quoted-printable', `${`${a(75)}=\r\n`.repeat(12)}a\r\n`],
    [`${a(74)}é${a(20)}`, 'quoted-printable', `${a(74)}=\r\n=C3=A9${a(20)}`],
    [`${a(75)}From é${a(20)}`, 'quoted-printable', `${a(75)}=\r\n=46rom =C3=A9${a(20)}`],
    // base64
    ['日本語', 'base64', '5pel5pys6Kqe\r\n'],
    ['é'.repeat(29), 'base64', `${'w6nDqcOp'.repeat(9)}w6nD\r\nqQ==\r\n`],
    ['\ud800', 'base64', '77+9\r\n'],
  ])('%j as %s', (text, encoding, body) => {
    expect(encodeText(text)).toEqual({ encoding, body })
  })
})
