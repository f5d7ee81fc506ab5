import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { freshDirectory } from '../postgres.ts'
import { root } from '../sources.ts'
import { asked, ndjson, resets, wanted } from './traces.ts'

// `npx tocsin replay` as people start it: a process of its own, files, and once the launcher.

const directory = freshDirectory()
const file = (name: string, text = ''): string => {
  const path = join(directory, name)
  if (text !== '') writeFileSync(path, text)
  return path
}

const launcher = join(root, 'bin/tocsin.js')
const command = join(root, 'src/cli/tocsin.ts')

/** `by`: what is started; the launcher is a second process that only one test needs. */
function tocsin(args: string[], input = '', by = command): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [by, ...args], {
    cwd: directory,
    input,
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  })
  return { status, stdout, stderr }
}

const trace = ndjson([...resets(3), 'nonsense', wanted('bare', 9, 'account-77')])
let path: string
beforeAll(() => {
  path = file('trace.ndjson', trace)
})

describe('npx tocsin replay', () => {
  it('prints one JSON value, and writes one line for each message', () => {
    const out = file('decisions.ndjson')
    const { status, stdout, stderr } = tocsin(['replay', path, '--json', '--decisions', out])
    expect([status, stderr]).toEqual([0, ''])
    const report = JSON.parse(stdout)
    expect(Object.keys(report)).toEqual(
      expect.arrayContaining(['messages', 'byClass', 'stops', 'incidents', 'alarms', 'journalHash', 'faults']),
    )
    expect(report.messages).toMatchObject({ requested: 4, delivered: 4, held: 0 })
    expect(report.faults).toEqual([{ line: 7, code: 'line.not-json' }])
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n')
    expect(lines.map(line => JSON.parse(line).id)).toEqual(['rm0', 'rm1', 'rm2', 'bare'])
    expect(JSON.parse(lines[0]!)).toEqual({
      id: 'rm0',
      at: '2026-01-08T09:00:00.100Z',
      class: 'password-reset',
      lane: 'reserved',
      first: 'deliver',
      outcome: 'deliver',
      delivered: true,
      reasons: [],
      deliveredAt: '2026-01-08T09:00:00.300Z',
    })
  })

  it('gives the same bytes from a file and from standard input, twice', () => {
    const outputs = [tocsin(['replay', path, '--json']), tocsin(['replay', '-', '--json'], trace)]
    expect(outputs[1]).toEqual(outputs[0])
  })

  it('tells people in a table and in words', () => {
    const { status, stdout } = tocsin(['replay', path])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^class +requested +delivered/)
    expect(stdout).toMatch(/^password-reset +4 +4 +0/m)
    expect(stdout).toContain('Nothing was stopped.')
    expect(stdout).toContain('line 7: line.not-json')
  })

  it('plays under the policy that is named, and under a second one', () => {
    const lax = file('lax.config.ts', 'export default {}\n')
    const strict = file(
      'strict.config.ts',
      "export default { classes: { 'password-reset': { causes: { requirement: 'required' } } } }\n",
    )
    const { status, stdout } = tocsin(['replay', path, '--policy', lax, '--against', strict, '--json'])
    expect(status).toBe(0)
    const { messages, against } = JSON.parse(stdout)
    expect([messages.delivered, against.messages.delivered, against.messages.held]).toEqual([4, 3, 1])
    expect(against.difference['password-reset'].changes[0].examples).toEqual(['bare'])
  })

  it.each([
    { what: 'no trace', args: ['replay'], says: 'name exactly one trace' },
    { what: 'a file that is not there', args: ['replay', 'nowhere.ndjson'], says: 'there is no such file' },
    { what: 'a folder', args: ['replay', '.'], says: 'is a folder' },
    { what: 'an option that is not there', args: ['replay', 'trace.ndjson', '--fast'], says: '--fast' },
    {
      what: 'a policy that is not there',
      args: ['replay', 'trace.ndjson', '--policy', 'nowhere.ts'],
      says: '--policy: there is no file',
    },
    {
      what: 'a second policy that is not there',
      args: ['replay', 'trace.ndjson', '--against', 'nowhere.ts'],
      says: '--against: there is no file',
    },
    {
      what: 'a place for decisions that is not there',
      args: ['replay', 'trace.ndjson', '--decisions', 'no/where'],
      says: 'cannot write no/where',
    },
  ])('refuses $what with exit code 2', ({ args, says }) => {
    const { status, stdout, stderr } = tocsin(args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(says)
  })

  it('refuses a policy with faults, and names them all', () => {
    const wrong = file('wrong.config.ts', "export default { classes: { other: { mode: 'perhaps' } }, hostnaem: 'x' }\n")
    const { status, stderr } = tocsin(['replay', path, '--policy', wrong])
    expect(status).toBe(2)
    expect(stderr).toMatch(/classes\/other\/mode/)
    expect(stderr).toMatch(/hostnaem/)
  })

  it('has exit code 1 when nothing could be used', () => {
    expect(tocsin(['replay', '-', '--json'])).toMatchObject({ status: 1, stderr: expect.stringContaining('is empty') })
    const { status, stdout, stderr } = tocsin(['replay', '-', '--json'], '{"not":"an event"}\n')
    expect([status, JSON.parse(stdout).faultsTotal]).toEqual([1, 1])
    expect(stderr).toContain('nothing in the trace could be used')
  })

  it('reads a trace of one event', () => {
    const { status, stdout } = tocsin(['replay', '-', '--json'], JSON.stringify(asked('only', 0)), launcher)
    expect([status, JSON.parse(stdout).events]).toEqual([0, 1])
  })
})

describe('npx tocsin drill', () => {
  const small = ['--size', '50', '--per-minute', '10', '--warm-up-hours', '0.5']

  it('lists the drills, with what each can be given', () => {
    const { status, stdout } = tocsin(['drill', '--list', '--json'])
    expect(status).toBe(0)
    const { drills } = JSON.parse(stdout)
    expect(drills.length).toBeGreaterThanOrEqual(30)
    expect(drills.find(({ name }: { name: string }) => name === 'coinbase-2021')).toMatchObject({
      family: 'bug',
      anchor: expect.stringContaining('Coinbase'),
      parameters: { seed: 1, size: 125_000, causes: 'reported' },
    })
    expect(tocsin(['drill', '--list']).stdout).toMatch(/^coinbase-2021 +bug +/m)
  })

  it('plays one, writes its trace and its labels, and the replay of the trace is the same', () => {
    const [events, labels] = [file('drill.ndjson'), file('labels.ndjson')]
    const outputs = ['--trace', events, '--labels', labels]
    const { status, stdout } = tocsin(['drill', 'coinbase-2021', ...small, ...outputs, '--json'])
    const outcome = JSON.parse(stdout)
    expect([status, outcome.wrongful.requested]).toEqual([outcome.asExpected ? 0 : 1, 50])
    expect(JSON.parse(tocsin(['replay', events, '--json']).stdout)).toEqual(outcome.report)
    const wrongful = readFileSync(labels, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
      .filter(label => label.wrongful)
    expect(wrongful).toHaveLength(50)
    expect(readFileSync(events, 'utf8')).toContain(`"id":"${wrongful[0].id}"`)
  })

  it('tells people in words, and exits 1 when it did not go as expected', () => {
    const lax = file('observe.config.ts', "export default { classes: { 'credential-changed': { mode: 'observe' } } }\n")
    const { status, stdout } = tocsin(['drill', 'coinbase-2021', ...small, '--policy', lax, '--json'])
    const { asExpected, wrongful } = JSON.parse(stdout)
    expect([status, asExpected, wrongful.delivered]).toEqual([1, false, 50])
    expect(tocsin(['drill', 'coinbase-2021', ...small]).stdout).toMatch(/wrongful: \d+ of 50 delivered/)
  })

  it.each([
    { args: ['drill'], says: 'name exactly one drill' },
    { args: ['drill', 'no-such'], says: 'there is no drill "no-such"' },
    { args: ['drill', 'coinbase-2021', '--size', 'many'], says: '--size takes a whole number' },
    { args: ['drill', 'coinbase-2021', '--hour', '168'], says: '--hour takes a whole number from 0 to 167' },
    { args: ['drill', 'coinbase-2021', '--ramp', 'cliff'], says: '--ramp is one of' },
    { args: ['drill', 'coinbase-2021', '--causes', 'none'], says: '--causes is one of' },
    { args: ['drill', 'coinbase-2021', '--trace', 'no/where'], says: 'cannot write no/where' },
  ])('refuses $args with exit code 2', ({ args, says }) => {
    const { status, stderr } = tocsin(args)
    expect(status).toBe(2)
    expect(stderr).toContain(says)
  })
})
