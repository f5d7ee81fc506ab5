import { createHash } from 'node:crypto'
import type { Proof } from '../src/core/content.ts'
import type { Effect } from '../src/core/effects.ts'
import type { Event, MessageId } from '../src/core/events.ts'
import type { Policy } from '../src/core/policy.ts'
import { fromConfig } from '../src/core/state.ts'
import type { CampaignVault } from '../src/engine/campaign-vault.ts'
import { pack } from '../src/engine/content.ts'
import { Feeder } from '../src/engine/feeder.ts'
import { encrypt, keyringOf } from '../src/engine/keyring.ts'
import { applyPolicy } from '../src/engine/operator.ts'
import { Partition, PartitionUnavailable, type Submission } from '../src/engine/partition.ts'
import { ProposalRunner } from '../src/engine/proposals.ts'
import { Sealer } from '../src/engine/sealer.ts'
import { type Intake, Unavailable } from '../src/inbound/intake.ts'
import { openIntake, type ToProve, type WantedMessage, type WrittenMessage } from '../src/inbound/requests.ts'
import { JournalUnavailable } from '../src/journal/journal.ts'
import type { MemoryStore } from '../src/journal/memory/journal.ts'
import { uuidv7 } from '../src/std/uuid.ts'
import { DistantJournal, type Faults } from './journal.ts'
import type { Provider } from './provider.ts'
import { findingsOf, lookOf } from './templates.ts'
import { Life, type World } from './world.ts'

export const keyring = keyringOf(createHash('sha256').update('the master key of the simulator').digest())

export const inFlightMax = 8
/** Often enough for crashes to fall into seals. */
const sealEveryMs = 20_000

const log = { info() {}, warn() {}, error() {} }

export type HostOptions = {
  world: World
  store: MemoryStore
  number: number
  /** How many partitions share the budgets. */
  partitions: number
  provider: Provider
  policy: Policy
  faults: Faults & { crash: number }
  /** Called when a hand-over begins and when a batch is durable as far as the partition knows. */
  onBegin(host: Host, effect: Effect): void
  onOpen(host: Host): void
  snapshotEvery?: number
  /** Instant of the machine's clock when the world begins. */
  startAt: number
  /** What campaigns say and to whom; without it none is fed. */
  vault?: CampaignVault
}

/** One machine with one partition: it crashes, and is started again. */
export class Host {
  readonly number: number
  partition: Partition | undefined
  intake: Intake | undefined
  runner: ProposalRunner | undefined
  feeder: Feeder | undefined
  /** How far the machine's clock is off, ms. */
  clockOffMs = 0
  crashes = 0
  life: Life
  readonly #options: HostOptions
  #ids = 0

  constructor(options: HostOptions) {
    this.#options = options
    this.number = options.number
    this.life = new Life(options.world, this.#wall)
  }

  #wall = (): number => this.#options.startAt + this.#options.world.now + this.clockOffMs

  /** Starts, however often that takes. */
  start(): void {
    const life = new Life(this.#options.world, this.#wall)
    this.life = life
    void this.#open(life)
  }

  async #open(life: Life): Promise<void> {
    const { world, policy, onOpen } = this.#options
    while (life.isAlive) {
      try {
        const partition = await this.#openPartition(life)
        if (!life.isAlive) return
        this.partition = partition
        onOpen(this)
        await applyPolicy(partition, policy, { hash: 'simulated', by: fromConfig })
        this.intake = openIntake(this.#gateway(partition))
        this.runner = new ProposalRunner({ partition, surroundings: life.surroundings, failed: rethrow })
        this.#feed(life, partition)
        this.#sealNowAndThen(life, partition)
        return
      } catch (error) {
        if (!(error instanceof JournalUnavailable || error instanceof PartitionUnavailable)) throw error
        // As a supervisor does: what could not start is ended and started anew.
        life.crash()
        this.partition = undefined
        await world.sleep(world.between(100, 1000))
        if (this.life === life) this.start()
        return
      }
    }
  }

  #openPartition(life: Life): Promise<Partition> {
    const { world, store, number, partitions, provider, faults, onBegin, snapshotEvery = 10 } = this.#options
    const mayCrash = () => void (world.chance(faults.crash) && this.life === life && this.crash())
    return Partition.open({
      partition: number,
      partitions,
      journal: new DistantJournal(store, world, life, { faults, mayCrash }),
      keyring,
      window: { inFlightMax, bulkInFlightMax: 4 },
      surroundings: life.surroundings,
      log,
      snapshotEvery,
      onAppended: () => life.isAlive && this.feeder?.wake(),
      deliver: async (effect, content, mayLeave) => {
        // Signing and waiting for a connection take a while.
        mayCrash()
        await life.call(async () => {}, { requestMs: world.between(0, 5), replyMs: 0 })
        if (!mayLeave()) return undefined
        onBegin(this, effect)
        const handed = await provider.handOver(life, effect, content)
        mayCrash()
        return life.isAlive ? handed : new Promise(() => {})
      },
    })
  }

  crash(): void {
    if (!this.life.isAlive) return
    this.life.crash()
    this.crashes++
    this.partition = undefined
    this.intake = undefined
    this.runner = undefined
    this.feeder = undefined
    this.#options.world.after(this.#options.world.between(10, 3000), () => this.start())
  }

  #feed(life: Life, partition: Partition): void {
    const { vault } = this.#options
    if (!vault) return
    const { newId, seal } = this.#gateway(partition)
    const { surroundings } = life
    this.feeder = new Feeder({
      partition: () => partition,
      vault,
      newId,
      seal,
      prove: async contents => contents.map(() => ({ findings: [], mentions: [] })),
      write: () => ({ status: 'unknown' as const }),
      appendCode: false,
      surroundings,
      log,
    })
    this.feeder.wake()
  }

  /** Ends with the life whose timers it has. */
  #sealNowAndThen(life: Life, partition: Partition): void {
    const { world } = this.#options
    new Sealer({
      everyMs: sealEveryMs,
      submit: submissions => partition.submit(submissions),
      now: () => partition.now(),
      sealedAt: () => partition.state.register.sealedAt,
      surroundings: life.surroundings,
      log,
      newSalt: () => Buffer.from(`${world.random()}`).toString('base64url'),
    })
  }

  #gateway(partition: Partition) {
    const { world } = this.#options
    const bytes = () => Uint8Array.from({ length: 8 }, () => Math.floor(world.random() * 256))
    return {
      newId: () => uuidv7(partition.now(), this.#ids++ & 0xfff, bytes()) as MessageId,
      hash: keyring.hash,
      code: keyring.code,
      isAllowListed: () => false,
      standingsOf: async () => new Map(),
      write: (_: unknown, wanted: WantedMessage) => written(partition, wanted),
      senderOf: (id: MessageId) => partition.state.messages.get(id)?.facts.application,
      // What messages say is of no matter here; what is found in them goes by their number.
      prove: async (messages: readonly ToProve[]) => messages.map(proofOf),
      seal(id: MessageId, subject: Parameters<Partition['subjectKey']>[0], content: Parameters<typeof pack>[0]) {
        const { plaintext, commitment, digest } = pack(content)
        const key = partition.subjectKey(subject)
        return { commitment, digest, sealed: { bytes: encrypt(key.key, plaintext, id), key, content } }
      },
      async submit(submissions: Submission[]) {
        try {
          return await partition.submit(submissions)
        } catch (error) {
          if (error instanceof PartitionUnavailable) throw new Unavailable(error.message)
          throw error
        }
      },
    }
  }
}

/** Whatever is drafted is written, so that the core alone decides whether it may go. */
function written(partition: Partition, { name, version = '' }: WantedMessage): WrittenMessage {
  const known = partition.state.templates.version({ template: name, version })
  if (!known) return { status: 'unknown' }
  const template = { name, version, hash: known.hash, locale: 'en' }
  return { status: 'written', template, subject: '', text: '', html: '', invalid: [] }
}

/** The number of a message is the last word of what it says. */
function proofOf({ request: { content } }: ToProve): Proof {
  const said = content.kind === 'raw' ? Buffer.from(content.data).toString() : JSON.stringify(content)
  const n = Number(/(\d+)\D*$/.exec(said)?.[1] ?? 1)
  const template = content.kind === 'raw' ? lookOf(n) : undefined
  return { findings: findingsOf(n), mentions: [], ...(template && { template }) }
}

function rethrow(error: unknown): never {
  throw error
}

export type Batch = { position: number; at: number; events: Event[] }
