import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openCheckpoint, signCheckpoint } from './checkpoint.ts'
import {
  graceMs,
  LedgerKeyFault,
  openLedgerKeys,
  readLedgerKeys,
  retireLedgerKeys,
  rotateLedgerKeys,
  signersAt,
} from './keys.ts'

const folders: string[] = []
const fresh = () => {
  const path = mkdtempSync(join(tmpdir(), 'tocsin-ledger-keys-'))
  folders.push(path)
  return path
}
afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true })
})

const now = Date.UTC(2026, 0, 1)
const otherwise = 'host.example.org/ledger'

describe('the first key', () => {
  it('is made on the first start, for its owner alone, and is the same ever after', () => {
    const dataDir = fresh()
    expect(readLedgerKeys(dataDir)).toEqual([])
    const [made] = openLedgerKeys(dataDir, { otherwise, now })
    const path = join(dataDir, 'keys', 'ledger-1.key')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toBe(`${made!.signer!.secret}\nfrom 2026-01-01T00:00:00.000Z\n`)
    const [again] = openLedgerKeys(dataDir, { otherwise: 'another host/ledger', now: now + 1 })
    expect(again!.verifier.text).toBe(made!.verifier.text)
    expect(again!.from).toBe(now)
  })

  it('has the name that was asked for, and refuses another later', () => {
    const dataDir = fresh()
    expect(openLedgerKeys(dataDir, { asked: 'a.example/log', otherwise, now })[0]!.verifier.name).toBe('a.example/log')
    expect(() => openLedgerKeys(dataDir, { asked: 'b.example/log', otherwise, now })).toThrow(LedgerKeyFault)
  })

  it.each([
    '',
    'nonsense\n',
    'PRIVATE+KEY+x+00000000+AAAA\nfrom 2026-01-01T00:00:00Z\n',
  ])('that is %j is told', text => {
    const dataDir = fresh()
    openLedgerKeys(dataDir, { otherwise, now })
    writeFileSync(join(dataDir, 'keys', 'ledger-1.key'), text)
    expect(() => openLedgerKeys(dataDir, { otherwise, now })).toThrow('is not a key of the register')
  })
})

describe('a rotation', () => {
  it('lets both sign for a time, then only the new one; the old one is destroyed, and what it signed holds', () => {
    const dataDir = fresh()
    openLedgerKeys(dataDir, { otherwise, now })
    const before = readLedgerKeys(dataDir)
    const checkpoint = { origin: otherwise, size: 256, root: new Uint8Array(32) }
    const note = signCheckpoint(checkpoint, signersAt(before, now))

    const both = rotateLedgerKeys(dataDir, { now: now + 1000 })
    expect(both.map(({ number, until }) => [number, until])).toEqual([
      [1, now + 1000 + graceMs],
      [2, undefined],
    ])
    expect(signersAt(both, now + 2000)).toHaveLength(2)
    const signedByBoth = signCheckpoint(checkpoint, signersAt(both, now + 2000))
    for (const { verifier } of both)
      expect(openCheckpoint(signedByBoth, { origin: otherwise, known: [verifier] }).signedBy).toHaveLength(1)

    const later = now + 1000 + graceMs
    expect(signersAt(both, later).map(({ id }) => id)).toEqual([both[1]!.verifier.id])
    retireLedgerKeys(dataDir, both, later - 1)
    expect(readFileSync(join(dataDir, 'keys', 'ledger-1.key'), 'utf8')).toContain('PRIVATE')
    retireLedgerKeys(dataDir, both, later)
    expect(readFileSync(join(dataDir, 'keys', 'ledger-1.key'), 'utf8')).not.toContain('PRIVATE')
    const [old] = readLedgerKeys(dataDir)
    expect(old).toMatchObject({ number: 1, from: now, until: later })
    expect(openCheckpoint(note, { origin: otherwise, known: [old!.verifier] }).size).toBe(256)
  })

  it('takes a log that there is', () => {
    expect(() => rotateLedgerKeys(fresh(), { now })).toThrow(LedgerKeyFault)
  })
})
