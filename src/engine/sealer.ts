import { randomBytes } from 'node:crypto'
import type { Log, Submission } from './partition.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Seals the register's log on the clock: at whole multiples of `everyMs`, whether or not anything was decided, so that when a checkpoint comes
 * and how large it is say nothing about anybody. The very first seal comes at once: a new log has a checkpoint from the beginning.
 */
export type SealerOptions = {
  everyMs: number
  submit(submissions: Submission[]): Promise<unknown>
  now(): number
  /** Instant of the last seal, 0 when there was none. */
  sealedAt(): number
  surroundings: Pick<Surroundings, 'after'>
  log: Pick<Log, 'warn'>
  /** 32 random bytes, base64url; of the machine when absent. */
  newSalt?: () => string
}

const saltBytes = 32
const randomSalt = (): string => randomBytes(saltBytes).toString('base64url')
const retryMs = 5000

export class Sealer {
  readonly #options: SealerOptions
  #cancel: () => void = () => {}
  #isStopped = false
  #underWay: Promise<void> = Promise.resolve()

  constructor(options: SealerOptions) {
    this.#options = options
    if (options.sealedAt() === 0) this.#seal()
    else this.#arm()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    await this.#underWay
  }

  #arm(): void {
    const { everyMs, now } = this.#options
    this.#after(everyMs - (now() % everyMs))
  }

  #after(ms: number): void {
    if (this.#isStopped) return
    this.#cancel = this.#options.surroundings.after(ms, () => this.#seal())
  }

  #seal(): void {
    this.#underWay = this.#sealOnce()
  }

  async #sealOnce(): Promise<void> {
    const { submit, log, newSalt = randomSalt } = this.#options
    try {
      await submit([{ command: { type: 'SealRegister', salt: newSalt() } }])
      this.#arm()
    } catch (error) {
      // The journal cannot be written; a checkpoint is late, and nothing is lost.
      if (!this.#isStopped)
        log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'the register was not sealed')
      this.#after(retryMs)
    }
  }
}
