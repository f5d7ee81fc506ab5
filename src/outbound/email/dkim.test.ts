import { execFileSync, spawnSync } from 'node:child_process'
import crypto from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import nodePath from 'node:path'
import fc from 'fast-check'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DkimSigner, dkimKeyFaults, fromDomain, generateDkimKeys, type PublishedKey } from './dkim.ts'
import { type DkimKey, dkimSignatures } from './dkim-signature.ts'

let keys: PublishedKey[]
let signer: DkimSigner
beforeAll(async () => {
  keys = await generateDkimKeys('example.org')
  signer = new DkimSigner({ keys })
})
afterAll(() => signer.close())

const now = Date.UTC(2026, 10, 22)
const mail = Buffer.from(
  [
    'From: Example <noreply@example.org>',
    'To: <alice@example.net>',
    'Subject: Your  code',
    '\tis folded ',
    'Date: Sun, 22 Nov 2026 00:00:00 +0000',
    'Message-ID: <1@example.org>',
    'Tocsin-Code: ABCD',
    '',
    'Hello  there \t',
    '',
    ' Grüße',
    '',
    '',
    '',
  ].join('\r\n'),
)

async function verify(data: Buffer): Promise<string[]> {
  const resolver = (name: string): Promise<string[][]> => {
    const key = keys.find(one => one.record.name === name)
    return key
      ? Promise.resolve([[key.record.value]])
      : Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' }))
  }
  const { results } = await dkimVerify(data, { resolver: resolver as never })
  return results.map(one => `${one.selector} ${one.status.result}`)
}

async function signed(data: Buffer): Promise<Buffer> {
  const result = await signer.sign(data, now)
  if (result.status !== 'signed') throw new Error(`expected a signature, got ${result.status}`)
  return result.data
}

describe('signing', () => {
  it('gives one signature per key, valid for a verifier that we did not write, and changes nothing else', async () => {
    const data = await signed(mail)
    expect(await verify(data)).toEqual(['tocsin-rsa pass', 'tocsin-ed25519 pass'])
    expect(data.subarray(-mail.length).equals(mail)).toBe(true)
    const added = data.subarray(0, -mail.length).toString('latin1')
    expect(added.split(/\r\n(?![ \t])/).map(field => field.split(':')[0])).toEqual([
      'DKIM-Signature',
      'DKIM-Signature',
      '',
    ])
    expect(added.split('\r\n').every(line => line.length <= 78)).toBe(true)
  })

  it.each([
    ['a second From in front', (text: string) => `From: <eve@evil.test>\r\n${text}`],
    ['a second Subject in front', (text: string) => `Subject: other\r\n${text}`],
    ['a second Tocsin-Code in front', (text: string) => `Tocsin-Code: other\r\n${text}`],
    [
      'a Reply-To where there was none',
      (text: string) => text.replace('\r\n\r\n', '\r\nReply-To: eve@evil.test\r\n\r\n'),
    ],
    ['another recipient', (text: string) => text.replace('alice@', 'bob@')],
    ['a changed body', (text: string) => text.replace('Hello', 'Hallo')],
    ['a line more', (text: string) => `${text}more\r\n`],
  ])('does not survive %s', async (_, change) => {
    const changed = Buffer.from(change((await signed(mail)).toString('latin1')), 'latin1')
    expect((await verify(changed)).every(line => !line.endsWith('pass'))).toBe(true)
  })

  it('holds for bodies and fields of any shape', async () => {
    const direct: DkimKey[] = keys
      .slice(1)
      .map(key => ({ ...key, privateKey: crypto.createPrivateKey(key.privateKey) }))
    const piece = fc.constantFrom('\r\n', ' ', '\t', 'word', '.', 'é', '  \r\n', '=3D', ':')
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 30 }),
        fc.array(fc.constantFrom(' ', '\t', 'x', '\r\n y', ':'), { maxLength: 8 }),
        async (body, subject) => {
          const data = Buffer.from(`From: a@example.org\r\nSubject: s${subject.join('')}\r\n\r\n${body.join('')}`)
          expect(await verify(Buffer.concat([Buffer.from(dkimSignatures(data, direct, 1)), data]))).toEqual([
            'tocsin-ed25519 pass',
          ])
        },
      ),
      { numRuns: 150 },
    )
  })

  it('takes time in proportion to the length of hostile white space', () => {
    const direct: DkimKey[] = keys
      .slice(1)
      .map(key => ({ ...key, privateKey: crypto.createPrivateKey(key.privateKey) }))
    const data = Buffer.from(`From: a@example.org\r\n\r\n${' '.repeat(1_000_000)}x${'\r\n'.repeat(500_000)}x`)
    const before = performance.now()
    dkimSignatures(data, direct, 1)
    expect(performance.now() - before).toBeLessThan(2_000)
  })

  const hasPythonDkim = spawnSync('/usr/bin/python3', ['-c', 'import dkim, nacl']).status === 0
  it.skipIf(!hasPythonDkim)(
    'is valid for dkimpy (skipped where python3-dkim and python3-nacl are not installed)',
    async () => {
      const folder = mkdtempSync(nodePath.join(os.tmpdir(), 'tocsin-dkim-'))
      try {
        writeFileSync(nodePath.join(folder, 'mail'), await signed(mail))
        writeFileSync(
          nodePath.join(folder, 'dns'),
          JSON.stringify(Object.fromEntries(keys.map(key => [`${key.record.name}.`, key.record.value]))),
        )
        const program = `import dkim,json,sys
zone=json.load(open(sys.argv[2]))
answer=lambda name,timeout=5: zone[name.decode()].encode()
checked=dkim.DKIM(open(sys.argv[1],'rb').read())
print([checked.verify(i,dnsfunc=answer) for i in range(2)])`
        const out = execFileSync('/usr/bin/python3', [
          '-c',
          program,
          nodePath.join(folder, 'mail'),
          nodePath.join(folder, 'dns'),
        ])
        expect(out.toString().trim()).toBe('[True, True]')
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  )
})

describe('which key signs', () => {
  it.each([
    ['From: a@example.org', 'signed'],
    ['From: "Name, Inc" <a@mail.example.org>', 'signed'],
    ['From: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= <a@example.org>', 'signed'],
    ['From: b@example.net, <a@example.org>', 'from-not-one-mailbox'],
    ['From: a@example.net', 'no-key'],
    ['From: a@notexample.org', 'no-key'],
    ['From: a@example.org, b@example.org', 'from-not-one-mailbox'],
    ['From: a@example.org\r\nFrom: b@example.org', 'from-not-one-mailbox'],
    ['To: a@example.org', 'from-not-one-mailbox'],
  ])('%j: %s', async (field, yields) => {
    const result = await signer.sign(Buffer.from(`${field}\r\nSubject: x\r\n\r\nbody\r\n`), now)
    expect(result.status === 'unsigned' ? result.reason : result.status).toBe(yields)
  })

  it('reads a folded From', () => {
    expect(fromDomain(Buffer.from('From: Name\r\n <a@example.org>\r\n\r\n'))).toBe('example.org')
  })
})

describe('what goes wrong', () => {
  it('a signature that takes too long is a value, and the next one works', async () => {
    const impatient = new DkimSigner({ keys, signingMsMax: 0 })
    expect(await impatient.sign(mail, now)).toEqual({ status: 'failed', reason: 'timeout' })
    await impatient.close()
    expect(await impatient.sign(mail, now)).toEqual({ status: 'failed', reason: 'closed' })
  })

  it('a worker that cannot start is a value', async () => {
    const broken = new DkimSigner({ keys: [{ domain: 'example.org', selector: 's', privateKey: 'no key' }] })
    expect(await broken.sign(mail, now)).toEqual({ status: 'failed', reason: 'worker-lost' })
    await broken.close()
  })

  it('names every bad key without quoting it', () => {
    const small = crypto
      .generateKeyPairSync('rsa', { modulusLength: 1024 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString()
    const faults = dkimKeyFaults([
      { domain: 'Example.org', selector: 's', privateKey: small },
      { domain: 'example.org', selector: 's;', privateKey: small },
      { domain: 'example.org', selector: 's', privateKey: 'SECRET' },
      { domain: 'example.org', selector: 's', privateKey: small },
      ...keys,
    ])
    expect(faults).toHaveLength(4)
    expect(faults.join()).not.toContain('SECRET')
  })
})
