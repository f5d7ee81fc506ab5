// register: what the public log of the register costs. A journal of decisions, as large batches under load have them, is followed into real
// PostgreSQL, fsync on: leaves/s with everything, from the bytes of the events to committed tiles and signed checkpoints. Then the proof of
// one leaf in 10 million, from the same tables. Both in processes of their own.
import { join } from 'node:path'
import pg from 'pg'
import { run, temporaryDirectory } from './processes.ts'
import { environment, figures, type Options, quantile, type Report, type Result, say, tidy } from './report.ts'

const quickSecondsMax = 2
const messages = 200_000
const proofLeaves = 10_000_000
const batch = 500
const sealEvery = 50_000
const proofs = 400

type Append = { perSecond: number; cpuUsPerLeaf: number; leaves: number }
type Proof = { medianMs: number; p99Ms: number; leaves: number; buildPerSecond: number }

export async function register(options: Options): Promise<Report> {
  const results: Record<string, Result> = {}
  const quick = options.seconds <= quickSecondsMax
  try {
    const rounds: Append[] = []
    for (let round = 1; round <= options.rounds; round++) {
      const figure = await apart<Append>('append', quick ? messages / 5 : messages)
      say(`round ${round}: ${tidy(figure.perSecond)} leaves/s, ${tidy(figure.cpuUsPerLeaf)} µs CPU a leaf`)
      rounds.push(figure)
    }
    const proof = await apart<Proof>('prove', quick ? proofLeaves / 10 : proofLeaves)
    say(`proof of one leaf in ${proof.leaves}: ${tidy(proof.medianMs)} ms, p99 ${tidy(proof.p99Ms)} ms`)
    results.tocsin = {
      ...figures(rounds.map(({ perSecond }) => perSecond)),
      detail: {
        leaves: rounds[0]!.leaves,
        cpuUsPerLeaf: figures(rounds.map(({ cpuUsPerLeaf }) => cpuUsPerLeaf)).median,
        proofOfOneIn: proof.leaves,
        proofMs: tidy(proof.medianMs),
        proofMsP99: tidy(proof.p99Ms),
        tiles: 'PostgreSQL, on disk',
      },
    }
  } catch (error) {
    results.tocsin = { failed: (error as Error).message }
  }
  const { rounds } = options
  return { name: 'register', unit: 'leaves/s', results, ratios: {}, rounds, environment: await environment() }
}

async function apart<T>(what: string, size: number): Promise<T> {
  const said = await run(process.execPath, [import.meta.filename, what, String(size)])
  return JSON.parse(said.split('\n').at(-1) ?? '') as T
}

/** A database of its own, and the store on it. */
async function withStore<T>(use: (store: LedgerStore) => Promise<T>): Promise<T> {
  const [{ startEmbedded }, { migrate }, { LedgerStore }] = await Promise.all([
    import('../src/journal/postgres/embedded.ts'),
    import('../src/journal/postgres/migrate.ts'),
    import('../src/ledger/store.ts'),
  ])
  const { path, remove } = temporaryDirectory()
  const quiet = { info: () => {}, warn: () => {}, error: () => {} }
  const server = await startEmbedded({ dataDir: join(path, 'data'), log: quiet })
  const pool = new pg.Pool({ ...server.config, max: 2 })
  pool.on('error', () => {}) // It says that it has ended before its connections have.
  try {
    await migrate(server.config)
    return await use(new LedgerStore(pool, 0))
  } finally {
    await pool.end()
    await server.stop()
    remove()
  }
}

type LedgerStore = import('../src/ledger/store.ts').LedgerStore

/** Batches as the journal has them. */
async function journalOf(count: number) {
  const [{ sha256 }, { MemoryJournal, MemoryStore }] = await Promise.all([
    import('../src/ledger/hashing.ts'),
    import('../src/journal/memory/journal.ts'),
  ])
  const journal = new MemoryJournal(new MemoryStore())
  let claim = await journal.claim(0)
  let leaves = 0
  for (let from = 0; from < count; from += batch) {
    const events: unknown[] = Array.from({ length: batch }, (_, i) => decision(from + i, sha256))
    leaves += batch
    if (leaves % sealEvery < batch) {
      const padding = 256 - (leaves % 256)
      leaves += padding
      const salt = Buffer.from(sha256(Buffer.from(String(leaves)))).toString('base64url')
      events.push({ type: 'RegisterSealed', size: leaves, padding, salt })
    }
    const bytes = Buffer.from(JSON.stringify(events))
    const empty = new Uint8Array(0)
    const entry = { at: 1_700_000_000_000 + from, events: bytes, sealed: empty, keys: empty }
    const appended = await journal.append(claim, { expected: claim.head, hash: claim.headHash }, entry)
    if (appended.status === 'conflict') throw new Error('nobody else writes here')
    claim = { ...claim, head: claim.head + 1, headHash: appended.hash }
  }
  return { journal, head: claim.head, leaves }
}

/** A decision with the facts that one over SMTP has. */
function decision(n: number, sha256: (bytes: Uint8Array) => Uint8Array): unknown {
  const digest = Buffer.from(sha256(Buffer.from(String(n))))
  const hash = (at: number) => digest.subarray(at, at + 8).toString('hex')
  const message = {
    id: `019bf000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`,
    application: 'default',
    class: 'password-reset',
    account: hash(0),
    mailbox: hash(8),
    address: hash(16),
    repeat: { key: hash(4), content: hash(12) },
    bytes: 4096,
    commitment: digest.toString('base64url'),
    sealed: { offset: n * 4096, length: 4200, page: 1, slot: n },
    via: 'smtp',
  }
  const decided = { outcome: 'deliver', reasons: ['cause.matched'], lane: 'reserved', priority: 0 }
  return {
    type: 'MessageDecided',
    message,
    ...decided,
    account: hash(0),
    expiresAt: 1_700_000_900_000,
    upstream: 'one',
  }
}

async function append(count: number): Promise<Append> {
  const [{ followLedger }, { newSigner }, { journal, head, leaves }] = await Promise.all([
    import('../src/ledger/follow.ts'),
    import('../src/ledger/note.ts'),
    journalOf(count),
  ])
  const signer = newSigner('bench')
  return withStore(async store => {
    const done = Promise.withResolvers<void>()
    const from = performance.now()
    const before = process.cpuUsage()
    const following = await followLedger({
      store,
      journal,
      keys: () => [{ number: 1, verifier: signer, signer, from: 0 }],
      witness: { load: () => undefined, save: () => {} },
      now: Date.now,
      entriesMax: 64,
      failed: done.reject,
      moved: ({ position }) => position === head && done.resolve(),
    })
    await done.promise
    const seconds = (performance.now() - from) / 1000
    const { user, system } = process.cpuUsage(before)
    const { size } = following.cursor()
    await following.stop()
    if (size !== leaves) throw new Error(`the log has ${size} leaves and should have ${leaves}`)
    return { perSecond: size / seconds, cpuUsPerLeaf: (user + system) / size, leaves: size }
  })
}

/** Leaves that stand for nothing; what a proof reads is as large as with real ones. */
async function prove(count: number): Promise<Proof> {
  const [{ LogWriter }, { proveInclusion }, { verifyInclusion }, { leafHash, sha256 }, { Random }] = await Promise.all([
    import('../src/ledger/writer.ts'),
    import('../src/ledger/prove.ts'),
    import('../src/ledger/tree.ts'),
    import('../src/ledger/hashing.ts'),
    import('../src/std/random.ts'),
  ])
  const leafAt = (index: number) => sha256(Buffer.from(`leaf ${index}`))
  return withStore(async store => {
    const writer = await LogWriter.at({ size: 0 }, store)
    let cursor = await store.cursor()
    const from = performance.now()
    for (let i = 0; i < count; i++) {
      writer.append(leafAt(i))
      if ((i + 1) % 65_536 !== 0 && i + 1 < count) continue
      const { tiles, bundles } = writer.written()
      const to = { position: cursor.position + 1, size: writer.size }
      if (!(await store.write(cursor, to, { tiles, bundles, batches: [], checkpoints: [] }))) throw new Error('lost')
      cursor = to
    }
    const buildPerSecond = (count / (performance.now() - from)) * 1000
    const [random, root] = [new Random(1), writer.root()]
    const times: number[] = []
    for (let i = 0; i < proofs; i++) {
      const index = random.integer(0, count)
      const at = performance.now()
      const proof = await proveInclusion(index, count, wanted => store.tiles(wanted))
      times.push(performance.now() - at)
      const claim = { index, size: count, leafHash: leafHash(leafAt(index)), proof, root }
      if (!verifyInclusion(claim)) throw new Error(`the proof of leaf ${index} does not hold`)
    }
    const sorted = times.toSorted((a, b) => a - b)
    return { medianMs: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99), leaves: count, buildPerSecond }
  })
}

if (import.meta.main) {
  const [what, size] = process.argv.slice(2)
  const figure = what === 'append' ? await append(Number(size)) : await prove(Number(size))
  process.stdout.write(`${JSON.stringify(figure)}\n`)
}
