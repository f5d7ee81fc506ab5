import type { Effect } from '../src/core/effects.ts'
import type { Event } from '../src/core/events.ts'
import { placeOf } from '../src/core/messages.ts'
import { lanes } from '../src/core/policy.ts'
import { covers, isSameScope, type Scope, scopeOf } from '../src/core/scope.ts'
import { pauseClass, resumeClass } from '../src/engine/operator.ts'
import type { MemoryStore } from '../src/journal/memory/journal.ts'
import { eventsOf } from './dump.ts'
import type { Host } from './host.ts'
import type { Provider } from './provider.ts'
import { untilAnswered } from './sender.ts'
import type { World } from './world.ts'

/** `position`: of the batch that made it. */
type Stop = { scope: Scope; until?: number; position: number }
/** What an auditor knows of a partition's stops from its durable rows. */
type Known = { stops: Stop[]; read: number }

/** People who stop parts of classes and lift their stops again, and the auditor who watches what leaves meanwhile (property 5). */
export class Stops {
  readonly wrong: string[] = []
  /** Stops that were acknowledged and whose count was looked at. */
  counted = 0
  readonly #world: World
  readonly #store: MemoryStore
  readonly #provider: Provider
  readonly #known = new Map<number, Known>()
  /** In which life a hand-over began; what a process that has died since had begun is none of the next one's count. */
  readonly #begun = new Map<Effect, object>()

  constructor(world: World, store: MemoryStore, provider: Provider) {
    this.#world = world
    this.#store = store
    this.#provider = provider
  }

  #pick(): Scope {
    const world = this.#world
    const scope: Scope = { class: world.pick(['password-reset', 'sign-in-alert', 'other']) }
    if (world.chance(0.4)) scope.lane = world.pick(lanes)
    if (world.chance(0.3)) scope.source = world.pick(['', 'web', 'app'])
    if (world.chance(0.3)) scope.template = world.pick(['', 'code'])
    return scope
  }

  /** A person stops something for a while. */
  async act(host: Host): Promise<void> {
    const world = this.#world
    const scope = this.#pick()
    const stop = { ...scope, by: 'operator', reason: 'drill' }
    const until = world.chance(0.3)
      ? { until: Math.floor((host.partition?.now() ?? 0) + world.between(0, 30_000)) }
      : {}
    const paused = await untilAnswered(
      world,
      host,
      () => host.partition && pauseClass(host.partition, { ...stop, ...until }),
    )
    const { life } = host
    const takenBefore = this.#provider.accepted.length
    const held = this.#of(host, scope)
    if (!('handedOver' in paused)) return
    // From the acknowledgement to the word that ends it.
    await world.sleep(world.between(1000, 30_000))
    if (held && this.#of(host, scope)?.position === held.position) {
      this.counted++
      const taken = this.#provider.accepted
        .slice(takenBefore)
        .filter(({ effect }) => this.#begun.get(effect) === life && covers(scope, placeOf(effect)))
      if (taken.length > paused.handedOver)
        this.wrong.push(`5: ${taken.length} were taken after a stop that had counted ${paused.handedOver}`)
    }
    await untilAnswered(world, host, () => host.partition && resumeClass(host.partition, { ...scope, by: 'operator' }))
  }

  /** The stop of this scope, unless it has run out. */
  #of(host: Host, scope: Scope): Stop | undefined {
    const found = this.#durable(host.number).find(stop => isSameScope(stop.scope, scope))
    const until = found?.until ?? Number.POSITIVE_INFINITY
    return (host.partition?.now() ?? until) < until ? found : undefined
  }

  /** A hand-over begins: no stop that is durable covers it. A resume that is not durable yet lifts nothing. */
  begins(host: Host, effect: Effect): void {
    this.#begun.set(effect, host.life)
    const now = host.partition!.now()
    for (const { scope, until = Number.POSITIVE_INFINITY } of this.#durable(host.number))
      if (now < until && covers(scope, placeOf(effect)))
        this.wrong.push(`5: ${effect.id} is handed over against the stop of ${JSON.stringify(scope)}`)
  }

  #durable(number: number): Stop[] {
    const known = this.#known.get(number) ?? { stops: [], read: 0 }
    this.#known.set(number, known)
    const rows = this.#store.partitions.get(number)!.rows
    for (; known.read < rows.length; known.read++)
      for (const event of eventsOf(rows[known.read]!)) enter(known, event, known.read + 1)
    return known.stops
  }
}

function enter(known: Known, event: Event, position: number): void {
  if (event.type !== 'ClassPaused' && event.type !== 'ClassResumed') return
  const scope = scopeOf(event)
  known.stops = known.stops.filter(stop => !isSameScope(stop.scope, scope))
  if (event.type === 'ClassPaused')
    known.stops.push({ scope, position, ...(event.until !== undefined && { until: event.until }) })
}
