import type { Content } from '../src/core/content.ts'
import type { Effect } from '../src/core/effects.ts'
import type { Deliver } from '../src/engine/partition.ts'
import type { Life, World } from './world.ts'

export type Accepted = { id: string; recipient: string; at: number; effect: Effect }

/** How the upstreams behave now; the rest is accepted. */
export type Weather = { defer: number; reject: number; lost: number; unheard: number; slow: number }

const calm: Weather = { defer: 0, reject: 0, lost: 0, unheard: 0, slow: 0 }

/** The upstreams: they accept, defer, reject, are slow, never hear the mail, or accept it and nobody hears the reply. */
export class Provider {
  /** Every mail that an upstream took, in order. */
  readonly accepted: Accepted[] = []
  weather: Weather = calm
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  heal(): void {
    this.weather = calm
  }

  slowDown(): void {
    this.weather = { ...calm, slow: 1 }
  }

  worsen(): void {
    const some = (most: number) => this.#world.between(0, most)
    this.weather = { defer: some(0.5), reject: some(0.05), lost: some(0.2), unheard: some(0.2), slow: some(0.2) }
  }

  async handOver(life: Life, effect: Effect, content: Content): ReturnType<Deliver> {
    const { defer, reject, lost, unheard, slow } = this.weather
    const fate = this.#world.random()
    const timeoutMs = 10_000
    const requestMs = this.#world.chance(slow) ? this.#world.between(1000, 30_000) : this.#world.between(1, 30)
    const replyMs = this.#world.between(1, 30)
    const nothing = async () => {}
    if (fate < defer) {
      await life.call(nothing, { requestMs, replyMs })
      return { handover: 'deferred', reply: '451' }
    }
    if (fate < defer + reject) {
      await life.call(nothing, { requestMs, replyMs })
      return { handover: 'rejected', reply: '550' }
    }
    if (fate < defer + reject + unheard) {
      await life.call(nothing, { requestMs: timeoutMs, replyMs: 0 })
      return { handover: 'unknown', reply: 'timed out' }
    }
    const replyLost = fate < defer + reject + unheard + lost
    await life.call(async () => this.#accept(effect, content), { requestMs, replyMs: replyLost ? timeoutMs : replyMs })
    return replyLost ? { handover: 'unknown', reply: 'timed out' } : { handover: 'accepted', reply: '250' }
  }

  #accept(effect: Effect, content: Content): void {
    this.accepted.push({ id: effect.id, recipient: content.recipient.address, at: this.#world.now, effect })
  }
}
