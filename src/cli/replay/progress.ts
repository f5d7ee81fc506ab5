import { instantText } from '../../std/instant.ts'
import type { Replay, Report } from './replay.ts'

const everyMs = 2000
/** The clock is looked at once for so many events. */
const eventsBetween = 2048

/** Says on stderr how far a replay is, from two seconds on. */
export class Progress {
  readonly #begunAt = performance.now()
  #toldAt = this.#begunAt
  #calls = 0

  /** After each event, or, with `always`, after each piece. */
  after(replay: Pick<Replay, 'events' | 'now'>, { always = false } = {}): void {
    if (!always && ++this.#calls % eventsBetween !== 0) return
    const now = performance.now()
    if (now - this.#toldAt < everyMs) return
    this.#toldAt = now
    const at = Number.isFinite(replay.now) ? instantText(replay.now) : 'not begun'
    console.error(`${this.#rate(replay.events)}, virtual time ${at}`)
  }

  end({ events }: Pick<Report, 'events'>): void {
    if (this.#toldAt !== this.#begunAt) console.error(this.#rate(events))
  }

  #rate(events: number): string {
    const perSecond = Math.round((events / (performance.now() - this.#begunAt)) * 1000)
    return `${events} events, ${perSecond} a second`
  }
}
