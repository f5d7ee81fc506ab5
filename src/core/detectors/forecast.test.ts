import { describe, expect, it } from 'vitest'
import { Random } from '../../std/random.ts'
import {
  alarmsOf,
  countMessage,
  type Forecast,
  forecastFromJson,
  forecastToJson,
  isProven,
  loaded,
  newForecast,
  prepare,
  rateAt,
  scatterOf,
} from './forecast.ts'

const hourMs = 3_600_000
const dayMs = 86_400_000
/** A Monday, 00:00 UTC. */
const monday = Date.UTC(2026, 0, 5)

/** Mean messages a second: a day's wave, and half of it on Saturday and Sunday. */
const wave = (at: number): number => {
  const hour = (at - monday) / hourMs
  const weekend = Math.floor(hour / 24) % 7 >= 5 ? 0.5 : 1
  return (1 / 30) * weekend * (1 + 0.8 * Math.sin((2 * Math.PI * (hour - 9)) / 24))
}

/** Feeds `days` of traffic that scatters with size k from minute to minute (∞: Poisson). */
function feed(forecast: Forecast, { from, days, k, seed }: { from: number; days: number; k: number; seed: number }) {
  const random = new Random(seed)
  for (let at = from; at < from + days * dayMs; at += 60_000) {
    const mean = wave(at) * 60
    const count = k === Number.POSITIVE_INFINITY ? random.poisson(mean) : random.negativeBinomial(mean, k)
    const instants = Array.from({ length: count }, () => at + random.integer(0, 60_000)).sort((a, b) => a - b)
    for (const instant of instants) countMessage(forecast, instant)
  }
}

describe('a forecast without a history', () => {
  it('expects what is usual elsewhere, and tests nothing', () => {
    const forecast = newForecast()
    expect(rateAt(forecast, monday)).toBeCloseTo(1 / 60)
    expect(prepare(forecast, monday, -1)).toBeUndefined()
    expect(isProven(forecast, monday)).toBe(false)
  })

  it('tests after a day', () => {
    const forecast = newForecast()
    feed(forecast, { from: monday, days: 2.5, k: 4, seed: 1 })
    expect(prepare(forecast, monday + 2.5 * dayMs, -1)).toBeDefined()
    expect(isProven(forecast, monday + 2.5 * dayMs)).toBe(false)
  })
})

describe('a forecast that was loaded', () => {
  const rates = Array.from({ length: 168 }, (_, hour) => 100 + hour)

  it('has hour 0 on Monday at 00:00 UTC, each hour standing at its middle', () => {
    const forecast = loaded({ ratePerHourOfWeek: rates })
    for (const hour of [0, 1, 50, 167]) {
      // The rate of a slot is that of its middle.
      const middle = monday + (hour + 0.5) * hourMs
      const own = rateAt(forecast, middle - 1) * 3_600
      expect(own).toBeGreaterThan(rates[hour]! - 15)
      expect(own).toBeLessThan(rates[hour]! + 15)
    }
    const flat = loaded({ ratePerHourOfWeek: Array(168).fill(120) })
    expect(rateAt(flat, monday + 12_345_678)).toBeCloseTo(1 / 30, 12)
  })

  it('is proven, and keeps the k and κ it was given', () => {
    const forecast = loaded({ ratePerHourOfWeek: rates, dispersion: 7, safety: 1.5 })
    expect(isProven(forecast, monday)).toBe(true)
    feed(forecast, { from: monday, days: 2, k: 1, seed: 2 })
    expect(scatterOf(forecast)).toEqual({ sizes: [7, 7, 7, 70], safety: 1.5 })
  })

  it('of a class that is silent expects a message a day', () => {
    expect(rateAt(loaded({ ratePerHourOfWeek: Array(168).fill(0) }), monday)).toBeCloseTo(1 / 86_400)
  })
})

describe('learning', () => {
  const forecast = newForecast()
  feed(forecast, { from: monday, days: 35, k: 4, seed: 3 })
  const end = monday + 35 * dayMs

  it('finds the profile of the week', () => {
    const followed = forecastFromJson(forecastToJson(forecast))
    const errors = Array.from({ length: 24 * 7 }, (_, hour) => {
      const at = end + hour * hourMs
      const error = rateAt(followed, at) / wave(at + 300_000)
      feed(followed, { from: at, days: 1 / 24, k: 4, seed: hour })
      return error
    })
    const sorted = errors.sort((a, b) => a - b)
    expect(sorted[17]).toBeGreaterThan(0.6)
    expect(sorted[84]).toBeGreaterThan(0.85)
    expect(sorted[84]).toBeLessThan(1.2)
    expect(sorted[150]).toBeLessThan(1.7)
  })

  it('finds k, on the safe side, and a small κ', () => {
    const { sizes, safety } = scatterOf(forecast)
    console.log(`true k 4 by the minute: ${sizes.map(size => size.toFixed(2)).join(', ')}; κ ${safety.toFixed(2)}`)
    expect(sizes[2]).toBeGreaterThan(1.5)
    expect(sizes[2]).toBeLessThanOrEqual(4.2)
    expect(safety).toBeLessThan(4)
  })

  it('proves itself after four weeks without an alarm', () => {
    expect(alarmsOf(forecast)).toBe(0)
    expect(isProven(forecast, end)).toBe(true)
    expect(isProven(forecast, monday + 27 * dayMs)).toBe(false)
  })

  it('stops in a mass send, which costs the proof', () => {
    const flooded = forecastFromJson(forecastToJson(forecast))
    const [usual, { safety }] = [rateAt(flooded, end + hourMs), scatterOf(flooded)]
    for (let at = end; at < end + hourMs; at += 200) countMessage(flooded, at)
    expect(alarmsOf(flooded)).toBe(1)
    expect(isProven(flooded, end + hourMs)).toBe(false)
    expect(rateAt(flooded, end + hourMs) / usual).toBeLessThan(1.5)
    expect(scatterOf(flooded).safety).toBeLessThanOrEqual(safety * 1.2)
    expect(isProven(flooded, end + 29 * dayMs)).toBe(true)
  })

  it('goes on when what looked like one has lasted: then it is how things are', () => {
    const grown = forecastFromJson(forecastToJson(forecast))
    const before = rateAt(grown, end + dayMs)
    for (let at = end; at < end + 2 * dayMs; at += 2_000) countMessage(grown, at)
    expect(rateAt(grown, end + 2 * dayMs) / before).toBeGreaterThan(4)
  })
})

describe('what is expected of a slot', () => {
  it('is settled before its first message, and a look changes nothing', () => {
    const [looked, plain] = [newForecast(), newForecast()]
    const random = new Random(4)
    let at = monday
    for (let i = 0; i < 20_000; i++) {
      at += random.exponential(30_000)
      const seen = rateAt(looked, at)
      countMessage(looked, at)
      countMessage(plain, at)
      if (prepare(looked, at, -1) && i > 12_000) expect(rateAt(looked, at)).toBe(seen)
      if (i % 500 === 0) rateAt(looked, at + i * 1_000)
    }
    expect(forecastToJson(looked)).toEqual(forecastToJson(plain))
    expect(rateAt(looked, at)).toBe(rateAt(plain, at))
  })

  it('is the same after a snapshot, at any place', () => {
    let [forecast, kept] = [newForecast(), newForecast()]
    const random = new Random(5)
    let at = monday
    for (let i = 0; i < 15_000; i++) {
      at += random.exponential(30_000)
      countMessage(forecast, at)
      countMessage(kept, at)
      if (i % 100 === 0) kept = forecastFromJson(JSON.parse(JSON.stringify(forecastToJson(kept))))
    }
    expect(forecastToJson(kept)).toEqual(forecastToJson(forecast))
  })
})

describe('a clock', () => {
  it.each([
    ['goes back a day', -dayMs],
    ['goes on ten years', 3_650 * dayMs],
    ['stands still', 0],
  ])('that %s leaves finite numbers', (_, step) => {
    const forecast = newForecast()
    feed(forecast, { from: monday, days: 3, k: 4, seed: 6 })
    const at = monday + 3 * dayMs + step
    for (let i = 0; i < 100; i++) countMessage(forecast, at)
    for (const number of [...forecast.numbers, ...forecast.cells]) expect(Number.isFinite(number)).toBe(true)
    expect(rateAt(forecast, at)).toBeGreaterThan(0)
  })
})
