import { spawn, spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { execute, freshDirectory } from './postgres.ts'
import { adminKey, openHouse, Product, urlOf } from './product.ts'
import { root } from './sources.ts'

// `npx tocsin verify ledger`, the export and the verifier in Python, on a real database while Tocsin runs on it.

let product: Product
const sent = 300

beforeAll(async () => {
  const config = { ...openHouse, ledger: { origin: 'log.example.org/ledger', everyMs: 1000 } }
  product = await Product.start({ config })
  const line = (n: number) =>
    JSON.stringify({ class: 'other', recipient: { email: `p${n}@example.net` }, subject: 's', text: `${n}` })
  await product.sendBatch(Array.from({ length: sent }, (_, n) => line(n)).join('\n'))
  await vi.waitFor(async () => expect((await newest()).size).toBeGreaterThan(512), { timeout: 20_000, interval: 100 })
}, 60_000)

async function newest(): Promise<{ size: number; position: number }> {
  const { rows } = await product.query(
    'select size::int, position::int from ledger_checkpoint order by size desc limit 1',
  )
  return rows[0] ?? { size: 0, position: 0 }
}

type Ran = { code: number | null; out: string; err: string }

function run(command: string, args: string[], environment: Record<string, string> = {}): Promise<Ran> {
  return new Promise(resolve => {
    const child = spawn(command, args, { cwd: root, env: { PATH: process.env.PATH!, ...environment } })
    let [out, err] = ['', '']
    child.stdout.on('data', piece => void (out += piece))
    child.stderr.on('data', piece => void (err += piece))
    child.on('close', code => resolve({ code, out, err }))
  })
}

const tocsin = (...args: string[]): Promise<Ran> =>
  run(process.execPath, ['src/cli/tocsin.ts', ...args], {
    DATABASE_URL: urlOf(product.database),
    TOCSIN_DATA_DIR: join(product.dataDir, 'data'),
  })

const verify = async (...args: string[]) => {
  const { code, out, err } = await tocsin('verify', 'ledger', '--json', ...args)
  expect(err).toBe('')
  return { code, ...(JSON.parse(out) as { ok: boolean; finding?: Record<string, unknown>; leaves: number }) }
}

/** A statement, then the check, then the statement that puts back what was. */
async function tampered(change: string, back: string, values: unknown[]) {
  const { rows } = await execute(product.database, change, values)
  const verdict = await verify()
  await execute(product.database, back, [...values, ...Object.values(rows[0] ?? {})])
  return verdict
}

describe('verify ledger', () => {
  it('has no finding beside a running Tocsin, and looks at every message', async () => {
    const verdict = await verify()
    expect(verdict).toMatchObject({ code: 0, ok: true, keysFrom: 'data directory', origin: 'log.example.org/ledger' })
    expect(verdict.leaves).toBeGreaterThan(sent)
  })

  it('tells people what it found, and where', async () => {
    const { code, out } = await tocsin('verify', 'ledger')
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/^All is right: \d+ batches .* Log log\.example/),
    })
  })

  it('finds a changed byte of an event, of a ciphertext, of a tile and of a leaf, each in its batch', async () => {
    const { rows } = await product.query(
      `select position::int as position from journal where octet_length(sealed) > 0 order by position limit 1`,
    )
    const position = rows[0].position as number
    // The old value is kept in a column beside it and put back, so that each finding is the first one.
    for (const column of ['events', 'sealed', 'hash']) {
      await product.query(`create table saved as select ${column} as was from journal where position = ${position}`)
      await product.query(
        `update journal set ${column} = set_byte(${column}, octet_length(${column}) / 2, get_byte(${column}, octet_length(${column}) / 2) # 1) where position = ${position}`,
      )
      const verdict = await verify()
      await product.query(`update journal set ${column} = (select was from saved) where position = ${position}`)
      await product.query('drop table saved')
      expect(verdict, column).toMatchObject({ code: 1, ok: false, finding: { partition: 0, position } })
    }
    for (const [table, column] of [
      ['ledger_tile', 'hashes'],
      ['ledger_bundle', 'leaves'],
    ]) {
      const [byte, at] = [`get_byte(${column}, 40)`, `number = 0${table === 'ledger_tile' ? ' and level = 0' : ''}`]
      const found = await product.query(`select ${byte} as was from ${table} where ${at}`)
      // Put back as it was, not turned once more: the running Tocsin may have written it meanwhile.
      const put = (value: string) => `update ${table} set ${column} = set_byte(${column}, 40, ${value}) where ${at}`
      const verdict = await tampered(put('$1::int # 128'), put('$1::int'), [found.rows[0].was])
      expect(verdict, table).toMatchObject({ code: 1, ok: false })
      expect(verdict.finding!.kind).toBe(table === 'ledger_tile' ? 'register.tile' : 'register.leaf')
    }
    expect((await verify()).ok).toBe(true)
  }, 120_000)

  it('finds that a checkpoint was dropped, and a key put into the database', async () => {
    await product.query('create table saved as select * from ledger_checkpoint order by size limit 1')
    await product.query('delete from ledger_checkpoint where size = (select size from saved)')
    const dropped = await verify()
    await product.query('insert into ledger_checkpoint select * from saved')
    await product.query('drop table saved')
    expect(dropped.finding).toMatchObject({ kind: 'checkpoint.missing', partition: 0 })
    const stranger = 'log.example.org/ledger+9aa7b2a9+AQMFu7pWOPjVGzTPnbUlKsgaZNlRwtB1cdXDlmFHPGSL'
    await product.query(`insert into ledger_key values ('${stranger}', 9, 0, null)`)
    const unknown = await verify()
    await product.query(`delete from ledger_key where number = 9`)
    expect(unknown.finding).toMatchObject({ kind: expect.stringMatching(/^key\./) })
    const path = join(product.dataDir, 'data', 'keys', 'ledger-1.key')
    const whole = readFileSync(path)
    const changed = Buffer.from(whole)
    changed[whole.indexOf('\n') - 10]! ^= 1
    writeFileSync(path, changed)
    const malformed = await verify()
    writeFileSync(path, whole)
    expect(malformed).toMatchObject({ code: 1, finding: { kind: 'key.malformed' } })
  }, 60_000)

  it.each([
    [['verify']],
    [['verify', 'nonsense']],
    [['verify', 'ledger', '--nonsense']],
    [['verify', 'ledger', '--export', '/nowhere']],
    [['verify', 'ledger', '--key', 'nonsense']],
    [['verify', 'ledger', '--checkpoint', 'README.md']],
    [['verify', 'ledger', '--checkpoint', '/nowhere']],
    [['ledger']],
    [['ledger', 'export']],
  ])('%j is wrong use', async args => {
    expect((await tocsin(...args)).code).toBe(2)
  })
})

describe('a rotation', () => {
  it('while Tocsin runs: both keys sign the next checkpoint, and all still verifies', async () => {
    const { code, out } = await tocsin('ledger', 'rotate', '--json')
    expect(code).toBe(0)
    const before = await newest()
    const { verifier } = JSON.parse(out) as { verifier: string }
    const note = await vi.waitFor(
      async () => {
        const { rows } = await product.query('select note, size::int from ledger_checkpoint order by size desc limit 1')
        if (rows[0].size <= before.size + 256) throw new Error('not sealed yet')
        return rows[0].note as string
      },
      { timeout: 20_000, interval: 100 },
    )
    expect(note.match(/^— /gm)).toHaveLength(2)
    const { keys } = (await product.ask('/ledger/keys')).body as { keys: { verifier: string; until?: string }[] }
    expect(keys.map(({ until }) => until !== undefined)).toEqual([true, false])
    expect(keys[1]!.verifier).toBe(verifier)
    expect((await verify()).ok).toBe(true)
  }, 60_000)
})

const python = spawnSync('python3', ['--version']).status === 0
if (!python) console.warn('skipped: install python3 to test the independent verifier')
const script = 'examples/ledger-verifier/verify.py'
const independent = (...args: string[]) => run('python3', [script, ...args])

/** All files under a directory. */
const filesOf = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map(name => join(directory, name))
    .filter(path => statSync(path).isFile())

describe('an export', () => {
  const directory = join(freshDirectory(), 'export')

  it('verifies without database and keys, and holds nothing that was sealed', async () => {
    expect((await tocsin('ledger', 'export', directory)).code).toBe(0)
    expect(await verify('--export', directory)).toMatchObject({ code: 0, ok: true, keysFrom: 'export' })
    const all = filesOf(directory)
      .map(path => readFileSync(path, 'latin1'))
      .join('\n')
    expect(all).not.toMatch(/p\d+@example\.net/)
    expect(all).not.toContain('PRIVATE')
    expect((await tocsin('ledger', 'export', directory)).code).toBe(2)
  }, 60_000)

  it('with any byte changed does not', async () => {
    const paths = filesOf(directory).filter(path => !path.endsWith('/keys'))
    for (const path of ['journal.ndjson', 'checkpoints.ndjson', 'ledger.json', 'tile/0/000', 'tile/entries/001']) {
      const copy = join(freshDirectory(), 'copy')
      cpSync(directory, copy, { recursive: true })
      const bytes = readFileSync(join(copy, path))
      bytes[Math.floor(bytes.length / 2)]! ^= 1
      writeFileSync(join(copy, path), bytes)
      expect((await verify('--export', copy)).code, path).toBe(1)
    }
    expect(paths.length).toBeGreaterThan(8)
  }, 120_000)

  it.runIf(python)(
    'satisfies the verifier in Python, and with any file changed does not',
    async () => {
      const { code, out, err } = await independent(directory)
      expect({ code, out, err }).toEqual({
        code: 0,
        out: expect.stringContaining('All is right: log.example.org/ledger'),
        err: '',
      })
      for (const path of ['checkpoint', 'keys', 'tile/0/000', 'tile/entries/000']) {
        const copy = join(freshDirectory(), 'copy')
        cpSync(directory, copy, { recursive: true })
        const bytes = readFileSync(join(copy, path))
        bytes[60]! ^= 1
        writeFileSync(join(copy, path), bytes)
        expect((await independent(copy)).code, path).toBe(1)
      }
    },
    60_000,
  )
})

describe.runIf(python)('the verifier in Python, over HTTP', () => {
  const kept = join(freshDirectory(), 'checkpoint')

  it('verifies the public log, and that it continues an earlier checkpoint', async () => {
    const { keys } = (await product.ask('/ledger/keys')).body as { keys: { verifier: string }[] }
    const base = `${product.running.httpUrl}/ledger`
    const first = await independent(base, '--key', keys[0]!.verifier, '--save', kept)
    expect(first.err + first.out).toContain('All is right')
    const second = await independent(base, '--key', keys.at(-1)!.verifier, '--previous', kept)
    expect(second.err + second.out).toContain('All is right')
  }, 60_000)

  it('cannot tell what it cannot read, and says that a counted tile is missing', async () => {
    const copy = join(freshDirectory(), 'copy')
    expect((await tocsin('ledger', 'export', copy)).code).toBe(0)
    const unreadable = [
      ['http://127.0.0.1:1/ledger'],
      [`${product.running.httpUrl}/nowhere`],
      ['/nowhere'],
      [copy, '--previous', '/nowhere'],
      [copy, '--save', '/nowhere/checkpoint'],
    ]
    for (const args of unreadable)
      expect(await independent(...args), args.join(' ')).toMatchObject({
        code: 2,
        err: expect.stringMatching(/^CANNOT TELL: /),
      })
    rmSync(join(copy, 'tile/0/000'))
    expect(await independent(copy)).toMatchObject({ code: 1, err: expect.stringContaining('WRONG: ') })
  }, 60_000)

  it('finds a message where the service says that it is, and no other leaf', async () => {
    const { body } = await product.ask('/v1/messages?limit=1&class=other', { key: adminKey })
    const { id } = (body as { items: { id: string }[] }).items[0]!
    const proof = (await product.ask(`/v1/messages/${id}/proof`, { key: adminKey })).body as {
      leaf: string
      index: number
    }
    const base = `${product.running.httpUrl}/ledger`
    expect((await independent(base, '--leaf', proof.leaf, '--index', `${proof.index}`)).code).toBe(0)
    expect((await independent(base, '--leaf', proof.leaf, '--index', `${proof.index + 1}`)).code).toBe(1)
  }, 60_000)
})
