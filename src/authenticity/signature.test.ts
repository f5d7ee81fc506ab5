import { createPublicKey } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { DkimSigner, generateDkimKeys } from '../outbound/email/dkim.ts'
import { type OwnKey, signatureCheck } from './signature.ts'

const plain = Buffer.from('From: noreply@example.org\r\nTo: ann@example.net\r\nSubject: Reset\r\n\r\nHello\r\n')
let [old, now]: OwnKey[][] = []
let signed: Buffer

beforeAll(async () => {
  const keys = async (selectorOf: string): Promise<OwnKey[]> =>
    (await generateDkimKeys('example.org')).map(({ domain, selector, privateKey }) => ({
      domain,
      selector: `${selector}-${selectorOf}`,
      privateKey,
    }))
  ;[old, now] = [await keys('old'), await keys('now')]
  const signer = new DkimSigner({ keys: old })
  const result = await signer.sign(plain, Date.UTC(2026, 0, 8))
  signer.close()
  if (result.status !== 'signed') throw new Error(result.status)
  signed = result.data
})

const publicHalf = (key: OwnKey): OwnKey => ({
  ...key,
  privateKey: String(createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' })),
  retired: true,
})

describe('a signature from before a rotation', () => {
  it.each<[given: string, keys: () => OwnKey[], mail: () => Buffer, then: string]>([
    ['holds while its key signs', () => old!, () => signed, 'whole'],
    ['holds by the public half of a retired key', () => [...now!, ...old!.map(publicHalf)], () => signed, 'whole'],
    ['is not known once its key is gone', () => now!, () => signed, 'unknown'],
    [
      'does not hold for another text',
      () => old!.map(publicHalf),
      () => Buffer.from(signed.toString('latin1').replace('Hello', 'Hallo'), 'latin1'),
      'broken',
    ],
    ['is missed where a key signs', () => [...now!, ...old!.map(publicHalf)], () => plain, 'none'],
    ['is not missed where all keys are retired', () => old!.map(publicHalf), () => plain, 'keyless'],
  ])('%s', async (_, keys, mail, then) => {
    expect(await signatureCheck(keys())(mail(), 'example.org')).toBe(then)
  })
})
