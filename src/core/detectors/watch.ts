import { agentsShare, type Detector, featureModels, features, networksShare, rateShare } from './features.ts'
import { type Forecast, prepare } from './forecast.ts'
import { blockMs, evidenceMax, steepest, surge, surgeCells } from './surge.ts'

/**
 * The watch over one stream of messages: evidence against "all is well" as a mixture of weighted e-detectors. Each component is
 * M ← (M + w)·e with an e-value that is 1 or less in the mean while all is well, and w in days: then M − Σw is a supermartingale, and so is
 * every mixture of them, however they depend on each other. The expected time until the mixture first reaches A is at least A days.
 */
export type Watch = {
  readonly cells: Float32Array
  /** The rate test alone: steep ratios over long blocks begin far below what 32 bits hold. */
  readonly surge: Float64Array
  readonly recent: Uint8Array
  readonly times: Float64Array
}

export type Observation = {
  /** ms. An earlier one than the last counts as the last. */
  at: number
  /** The features that were tested, and those with x = 1: bits by `bitOf`. */
  tested: number
  present: number
  /** Takes part in the rate test: true for a message, false for later evidence (a report, a completion that never came). */
  counted: boolean
  /** Answers a cause of its own that was reported by the web tier. It is expected then, and no evidence of a surge. */
  explained?: boolean
  /** 0 … 31: the kind of client, and of network, behind the cause. */
  agent?: number
  network?: number
}

export type Evidence = {
  /** The mixture, in days between false alarms: to compare with `softDays` and `hardDays`. */
  days: number
  /** The part of it that is from firm features. */
  firmDays: number
  /** The component with the largest part. */
  leading: Detector
  /** What an alarm tells about it. */
  numbers: Record<string, number>
}

export const softDays = 1
export const hardDays = 365

const dayMs = 86_400_000

/**
 * A message adds the time since the last one to what a restart may begin with, and at most this: a stream of a message a month would be
 * stopped by its first odd one. A smaller weight is always allowed, the bound only gets better.
 */
const restartMsMax = 60_000
/** What a new watch begins with: a stream of two messages a minute has as much at a message. It costs as much of the promised time, once. */
const headStartMs = 30_000

/** Alternatives, as the share of the way from p̄ to 1: q = p̄ + (1 − p̄)·g. The factor is then 1 − g + (g/p̄ for x = 1): a bet of the share g. */
const bets = [0.02, 0.1, 0.5, 0.9] as const
const betCount = bets.length
const featureCount = features.length
const categories = 32

/** Where is what in `cells`. Part of the snapshot's form. */
const place = {
  bets: 0,
  tested: 44,
  present: 55,
  usual: 66,
  usualOf: [77, 109], // agents, networks: how often each category was seen while all was well
  totals: 141,
  composed: 143,
  counts: 145, // messages in the open block of each scale
  end: 149,
} as const

/** In `recent`: categories since the restart, their totals, and how often each feature was tested and present lately. */
const recently = { categories: [0, 32], totals: 64, tested: 66, present: 77, end: 88 } as const

const last = 0
const countedAt = 1

/** The evidence of each component of the last look: features, rate, agents, networks. Filled and read within one call. */
const rate = featureCount
const agents = featureCount + 1
const parts = new Float64Array(featureCount + 3)
const firm = features.map(feature => featureModels[feature].firm)
const shares = features.map(feature => featureModels[feature].share)
/** Some features swing so much by themselves that only the steepest bet is made on them: that hardly anything else comes any more. */
const firstBets = features.map(feature => (featureModels[feature].swings ? betCount - 1 : 0))
const floors = features.map(feature => featureModels[feature].floor)

/** Messages that a p̄ is learnt from: of more than these the older half is forgotten. */
const rememberedMax = 30_000
/** How far p̄ moves to what was learnt, per message: a handful of wrongful ones must not make the next ones usual. */
const usualStep = 1 / 200
const usualMax = 0.99

/** Composition: what the distribution may shift by itself, in ratio; how much the predictive one leans on the usual; from when it is tested. */
const shiftMax = 2
const lean = 8
const learntMin = 200
const learntMax = 5_000
const recentMax = 64

export function newWatch(at: number): Watch {
  const cells = new Float32Array(place.end)
  features.forEach((feature, index) => {
    const { usual } = featureModels[feature]
    const tested = Math.max(3 / usual, 200)
    cells[place.tested + index] = tested
    cells[place.present + index] = Math.max(0, 2 * usual * tested - upperCount(usual * tested))
    cells[place.usual + index] = usual
  })
  const watch = {
    cells,
    surge: new Float64Array(surgeCells),
    recent: new Uint8Array(recently.end),
    times: new Float64Array(2),
  }
  begin(watch, at)
  return watch
}

function begin({ times }: Watch, at: number): void {
  times[last] = at - headStartMs
  times[countedAt] = -1
}

/** After a breaker's return: the evidence goes to nothing, what was learnt stays. */
export function reset(watch: Watch, at: number): void {
  const { cells, recent } = watch
  cells.fill(0, place.bets, place.bets + featureCount * betCount)
  watch.surge.fill(0)
  cells.fill(0, place.composed, place.end)
  recent.fill(0)
  begin(watch, at)
}

/** Bytes of all that is kept for one stream. */
export const bytesOf = ({ cells, surge: rates, recent, times }: Watch): number =>
  cells.byteLength + rates.byteLength + recent.byteLength + times.byteLength

export const watchToJson = ({ cells, surge: rates, recent, times }: Watch) => ({
  cells: [...cells],
  surge: [...rates],
  recent: [...recent],
  times: [...times],
})

export const watchFromJson = (json: ReturnType<typeof watchToJson>): Watch => ({
  cells: Float32Array.from(json.cells),
  surge: Float64Array.from(json.surge),
  recent: Uint8Array.from(json.recent),
  times: Float64Array.from(json.times),
})

/** Components beside the features, as bits of `hidden`. */
export const rateBit = 1 << featureCount
export const agentsBit = 1 << (featureCount + 1)
export const networksBit = 1 << (featureCount + 2)

export type Weighing = {
  /** Below so many days nobody asks what the evidence rests on, so it is not told. */
  tellFromDays?: number
  /** Components that this observation does not show, by bit: what others showed is not held against it, nor may it hide what this one shows. */
  hidden?: number
}

/** The evidence if this observation were taken in. Nothing changes. A part of a mixture keeps what the mixture promises. */
export function weigh(
  watch: Watch,
  forecast: Forecast,
  one: Observation,
  { tellFromDays = 0, hidden = 0 }: Weighing = {},
): Evidence {
  look(watch, forecast, one, { keep: false, asksRate: (hidden & rateBit) === 0 })
  let [days, firmDays, leading] = [0, 0, -1]
  for (let part = 0; part < parts.length; part++) {
    if (((hidden >>> part) & 1) === 1) continue
    days += parts[part]!
    if (part < featureCount && firm[part]) firmDays += parts[part]!
    if (leading < 0 || parts[part]! > parts[leading]!) leading = part
  }
  if (days < tellFromDays || leading < 0) return { days, firmDays, leading: features[0], numbers: untold }
  return { days, firmDays, ...told(watch, forecast, one, leading) }
}

/** Whether this kind of client, or of network, comes more often than it may by itself. */
export const isExcess = (watch: Watch, which: 'agents' | 'networks', category: number): boolean => {
  const index = which === 'agents' ? 0 : 1
  return recentShare(watch, index, category) > shiftMax * usualShare(watch.cells, index, category)
}

const untold: Record<string, number> = {}

/** Takes the observation in and gives the evidence, in days. While nothing is suspicious, what is usual is learnt from it. */
export function observe(watch: Watch, forecast: Forecast, one: Observation): number {
  look(watch, forecast, one, { keep: true, asksRate: true })
  let days = 0
  for (let part = 0; part < parts.length; part++) days += parts[part]!
  remember(watch, one)
  if (days < softDays) learn(watch, one)
  return days
}

/** Fills `parts`. With `keep` the watch goes on to the new values; the two uses share every line, so that a look tells what will be. */
function look(
  watch: Watch,
  forecast: Forecast,
  one: Observation,
  { keep, asksRate }: { keep: boolean; asksRate: boolean },
): void {
  const { times } = watch
  const at = Math.max(one.at, times[last]!)
  const weight = Math.min(at - times[last]!, restartMsMax) / dayMs
  bet(watch, one, weight, keep)
  parts[rate] = asksRate ? rateShare * risen(watch, forecast, one, at, keep) : 0
  parts[agents] = agentsShare * composed(watch, 0, one.agent, weight, keep)
  parts[agents + 1] = networksShare * composed(watch, 1, one.network, weight, keep)
  if (keep) times[last] = at
}

/** The Bernoulli tests. What is not tested of this message keeps its value: e = 1 and w = 0. */
function bet({ cells }: Watch, { tested, present }: Observation, weight: number, keep: boolean): void {
  for (let feature = 0; feature < featureCount; feature++) {
    const isTested = ((tested >>> feature) & 1) === 1
    const perHit = isTested && ((present >>> feature) & 1) === 1 ? 1 / cells[place.usual + feature]! : 0
    let sum = 0
    const first = firstBets[feature]!
    for (let j = first; j < betCount; j++) {
      const cell = feature * betCount + j
      let value = cells[cell]!
      if (isTested) {
        const stake = bets[j]!
        value = Math.min(evidenceMax, (value + weight) * (1 - stake + stake * perHit))
        if (keep) cells[cell] = value
      }
      sum += value
    }
    parts[feature] = (shares[feature]! * sum) / (betCount - first)
  }
}

function risen(watch: Watch, forecast: Forecast, one: Observation, at: number, keep: boolean): number {
  const { cells, times } = watch
  const from = times[countedAt]!
  const tables = prepare(forecast, at, from)
  if (!tables) return 0
  const stores = keep && one.counted
  const count = one.counted && one.explained !== true ? 1 : 0
  const days = surge(watch.surge, tables, { from, at, count, keep: stores, finest: 0 })
  if (stores) {
    for (let scale = 0; scale < blockMs.length; scale++) {
      const cell = place.counts + scale
      cells[cell] = isSameBlock(from, at, scale) ? cells[cell]! + 1 : 1
    }
    times[countedAt] = at
  }
  return days
}

const isSameBlock = (from: number, at: number, scale: number): boolean =>
  from >= 0 && Math.floor(from / blockMs[scale]!) === Math.floor(at / blockMs[scale]!)

/** The usual share of a category: never nothing. */
const usualShare = (cells: Float32Array, which: 0 | 1, category: number): number =>
  (cells[place.usualOf[which] + category]! + 1) / (cells[place.totals + which]! + categories)

/** The share since the restart, as a prediction: before anything was seen it is the usual one. */
const recentShare = ({ cells, recent }: Watch, which: 0 | 1, category: number): number =>
  (recent[recently.categories[which] + category]! + lean * usualShare(cells, which, category)) /
  (recent[recently.totals + which]! + lean)

/** The composition tests: who asks, against who usually does, with the recent shares as the alternative. */
function composed(watch: Watch, which: 0 | 1, category: number | undefined, weight: number, keep: boolean): number {
  const { cells } = watch
  const before = cells[place.composed + which]!
  if (category === undefined || cells[place.totals + which]! < learntMin) return before
  const factor = recentShare(watch, which, category) / (usualShare(cells, which, category) * shiftMax)
  const value = Math.min(evidenceMax, (before + weight) * factor)
  if (keep) cells[place.composed + which] = value
  return value
}

/** What an alarm tells, and what the recent shares are made of: kept whether suspicious or not. */
function remember({ recent }: Watch, one: Observation): void {
  for (let feature = 0; feature < featureCount; feature++) {
    if (((one.tested >>> feature) & 1) === 0) continue
    if (recent[recently.tested + feature] === 200) {
      recent[recently.tested + feature]! >>= 1
      recent[recently.present + feature]! >>= 1
    }
    recent[recently.tested + feature]! += 1
    recent[recently.present + feature]! += (one.present >>> feature) & 1
  }
  if (one.agent !== undefined) rememberCategory(recent, 0, one.agent)
  if (one.network !== undefined) rememberCategory(recent, 1, one.network)
}

function rememberCategory(recent: Uint8Array, which: 0 | 1, category: number): void {
  const from = recently.categories[which]
  recent[from + category]! += 1
  recent[recently.totals + which]! += 1
  if (recent[recently.totals + which]! < recentMax) return
  let total = 0
  for (let cell = from; cell < from + categories; cell++) total += recent[cell]! >>= 1
  recent[recently.totals + which] = total
}

function learn({ cells }: Watch, one: Observation): void {
  for (let feature = 0; feature < featureCount; feature++) {
    if (((one.tested >>> feature) & 1) === 1) learnUsual(cells, feature, (one.present >>> feature) & 1)
  }
  if (one.agent !== undefined) learnCategory(cells, 0, one.agent)
  if (one.network !== undefined) learnCategory(cells, 1, one.network)
}

function learnUsual(cells: Float32Array, feature: number, present: number): void {
  if (cells[place.tested + feature]! >= rememberedMax) {
    cells[place.tested + feature]! /= 2
    cells[place.present + feature]! /= 2
  }
  cells[place.tested + feature]! += 1
  cells[place.present + feature]! += present
  const learnt = upperCount(cells[place.present + feature]!) / cells[place.tested + feature]!
  const target = Math.min(usualMax, Math.max(floors[feature]!, learnt))
  cells[place.usual + feature]! += (target - cells[place.usual + feature]!) * usualStep
}

/**
 * An upper bound of the mean behind a count, at about 97.5 %: n + 3 + 2√n, the root from above by its tangent at the nearest power of two
 * (6 % at most). 3 for none, as the rule of three has it.
 */
function upperCount(count: number): number {
  let near = 1
  while (near * near * 2 < count) near *= 2
  return count + 3 + (count > 0 ? count / near + near : 0)
}

function learnCategory(cells: Float32Array, which: 0 | 1, category: number): void {
  const from = place.usualOf[which]
  cells[from + category]! += 1
  cells[place.totals + which]! += 1
  if (cells[place.totals + which]! < learntMax) return
  for (let cell = from; cell < from + categories; cell++) cells[cell]! /= 2
  cells[place.totals + which]! /= 2
}

/** What is told about the leading component: what was seen, against what is usual. */
function told(
  watch: Watch,
  forecast: Forecast,
  one: Observation,
  part: number,
): { leading: Detector; numbers: Record<string, number> } {
  if (part < featureCount) return { leading: features[part]!, numbers: toldOfFeature(watch, one, part) }
  if (part === rate) return { leading: 'rate', numbers: toldOfRate(watch, forecast, one) }
  const which = part === agents ? 0 : 1
  const category = (which === 0 ? one.agent : one.network) ?? 0
  const [share, usual] = [recentShare(watch, which, category), usualShare(watch.cells, which, category)]
  return { leading: which === 0 ? 'agents' : 'networks', numbers: { category, share, usual, ratio: share / usual } }
}

/** Of the last messages tested (200 at most), how many; beside the most that is usual, as a share. */
function toldOfFeature({ cells, recent }: Watch, one: Observation, feature: number): Record<string, number> {
  const observed = recent[recently.present + feature]! + ((one.present >>> feature) & 1)
  const tested = recent[recently.tested + feature]! + ((one.tested >>> feature) & 1)
  const usual = cells[place.usual + feature]!
  return { observed, tested, usual, expected: usual * tested, ratio: tested > 0 ? observed / tested / usual : 0 }
}

/** Messages in the open block of the scale that says most, beside what is expected of a whole one. */
function toldOfRate(watch: Watch, forecast: Forecast, one: Observation): Record<string, number> {
  const { cells, times } = watch
  const at = Math.max(one.at, times[last]!)
  const { scale, blockSeconds } = steepest(watch.surge)
  const before = isSameBlock(times[countedAt]!, at, scale) ? cells[place.counts + scale]! : 0
  const observed = before + (one.counted ? 1 : 0)
  const expected = (prepare(forecast, at, times[countedAt]!)?.mean ?? 0) * blockSeconds
  return { observed, expected, ratio: expected > 0 ? observed / expected : 0, seconds: blockSeconds }
}
