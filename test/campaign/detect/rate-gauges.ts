import { bitOf, rateShare } from '../../../src/core/detectors/features.ts'
import { countMessage, type Forecast, loaded } from '../../../src/core/detectors/forecast.ts'
import { newWatch, observe, softDays, type Watch } from '../../../src/core/detectors/watch.ts'
import { hourOfWeek } from '../../../src/std/instant.ts'
import { minuteMs } from './backgrounds.ts'

/** What is known before the first message: mean and standard deviation of a minute's messages, by hour of the week. */
export type Known = { mean: readonly number[]; sd: readonly number[]; dispersion?: number }

export type Verdict = 'pass' | 'wait' | 'stop' | 'withhold'

/** Looks at every message, in order, before it goes. What it polls by the clock it has polled up to then. */
export type Gauge = { message(at: number, wrongful: boolean): Verdict }

/** The first stream of a lane has this share of the alarms of its class, the class as a whole the half. */
export const laneShare = 1 / 4
const classShare = 1 / 2

export const forecastFrom = ({ mean, dispersion }: Known): Forecast =>
  loaded({ ratePerHourOfWeek: mean.map(rate => 60 * rate), ...(dispersion !== undefined && { dispersion }) })

/** What the core has: the watch over lane and source, and with causes that over the class; learning as `observe.ts` does. */
export class Ours implements Gauge {
  readonly #lane: Watch
  readonly #class: Watch
  readonly #forecast: Forecast
  readonly #causes: boolean
  readonly #hardDays: number

  constructor({ forecast, at, causes = false, hardDays = 365 }: OursOptions) {
    this.#lane = newWatch(at)
    this.#class = newWatch(at)
    this.#forecast = forecast
    this.#causes = causes
    this.#hardDays = hardDays
  }

  message(at: number, wrongful: boolean): Verdict {
    let worst = 0
    if (this.#causes) {
      const days = observe(this.#class, this.#forecast, {
        at,
        tested: causeless,
        present: wrongful ? causeless : 0,
        counted: false,
      })
      // A message with a cause shows nothing of what is looked for.
      if (wrongful) worst = days * classShare
    }
    const explained = this.#causes && !wrongful
    const days =
      observe(this.#lane, this.#forecast, { at, tested: 0, present: 0, counted: true, explained }) * laneShare
    worst = Math.max(worst, days)
    if (days < softDays) countMessage(this.#forecast, at)
    if (worst >= this.#hardDays) return 'stop'
    return worst >= softDays ? 'wait' : 'pass'
  }
}
type OursOptions = { forecast: Forecast; at: number; causes?: boolean; hardDays?: number }

const causeless = bitOf('causeless')
export const shareOfRate = rateShare * laneShare

/** More than a fixed number within a clock minute. */
export class StaticLimit implements Gauge {
  readonly #perMinuteMax: number
  #minute = 0
  #count = 0

  constructor(perMinuteMax: number) {
    this.#perMinuteMax = perMinuteMax
  }

  message(at: number): Verdict {
    const minute = Math.floor(at / minuteMs)
    if (minute !== this.#minute) this.#count = 0
    this.#minute = minute
    return ++this.#count > this.#perMinuteMax ? 'stop' : 'pass'
  }
}

/** Withholds what is over, and never stops. */
export class TokenBucket implements Gauge {
  readonly #burst: number
  readonly #perMinute: number
  #tokens: number
  #at = -1

  constructor({ burst, perMinute }: { burst: number; perMinute: number }) {
    this.#burst = burst
    this.#perMinute = perMinute
    this.#tokens = burst
  }

  message(at: number): Verdict {
    if (this.#at >= 0)
      this.#tokens = Math.min(this.#burst, this.#tokens + ((at - this.#at) / minuteMs) * this.#perMinute)
    this.#at = at
    if (this.#tokens < 1) return 'withhold'
    this.#tokens -= 1
    return 'pass'
  }
}

const scrapeMs = 15_000
const scrapesInMinute = 4

/** rate[1m] > factor × baseline for 1m, evaluated at each scrape. */
export class PrometheusRule implements Gauge {
  readonly #factor: number
  readonly #known: Known
  readonly #last = [0, 0, 0, 0]
  #scrape = -1
  #firing = 0
  #stopped = false

  constructor(factor: number, known: Known) {
    this.#factor = factor
    this.#known = known
  }

  message(at: number): Verdict {
    const scrape = Math.floor(at / scrapeMs)
    if (this.#scrape < 0) this.#scrape = scrape
    for (; this.#scrape < scrape && !this.#stopped; this.#scrape++) {
      const until = (this.#scrape + 1) * scrapeMs
      const rate = this.#last.reduce((sum, count) => sum + count, 0)
      const isOver = rate > this.#factor * this.#known.mean[hourOfWeek(until)]!
      this.#firing = isOver ? this.#firing + 1 : 0
      if (this.#firing > scrapesInMinute) this.#stopped = true
      this.#last[(this.#scrape + 1) % scrapesInMinute] = 0
    }
    this.#last[scrape % scrapesInMinute]!++
    return this.#stopped ? 'stop' : 'pass'
  }
}

/** A minute's count against mean and standard deviation of its hour of the week, at the end of the minute. */
export class SeasonalScore implements Gauge {
  readonly #sigmas: number
  readonly #known: Known
  #minute = 0
  #count = 0
  #stopped = false

  constructor(sigmas: number, known: Known) {
    this.#sigmas = sigmas
    this.#known = known
  }

  message(at: number): Verdict {
    const minute = Math.floor(at / minuteMs)
    if (minute !== this.#minute) {
      const hour = hourOfWeek(this.#minute * minuteMs)
      const score = (this.#count - this.#known.mean[hour]!) / Math.max(1e-9, this.#known.sd[hour]!)
      if (score > this.#sigmas) this.#stopped = true
      this.#minute = minute
      this.#count = 0
    }
    this.#count++
    return this.#stopped ? 'stop' : 'pass'
  }
}

/** Knows by how many times the rate will rise, and what is usual: nobody can do much better (Moustakides 1986, for Poisson arrivals). */
export class OracleCusum implements Gauge {
  readonly #ratio: number
  readonly #height: number
  readonly #known: Known
  #value = 0
  #at = -1

  constructor({ ratio, height, known }: { ratio: number; height: number; known: Known }) {
    this.#ratio = ratio
    this.#height = height
    this.#known = known
  }

  get value(): number {
    return this.#value
  }

  message(at: number): Verdict {
    const perMs = this.#known.mean[hourOfWeek(at)]! / minuteMs
    const gap = this.#at < 0 ? 0 : at - this.#at
    this.#at = at
    this.#value = Math.max(0, this.#value - (this.#ratio - 1) * perMs * gap) + Math.log(this.#ratio)
    return this.#value >= this.#height ? 'stop' : 'pass'
  }
}
