import { hoursOfWeek, parseInstant } from '../std/instant.ts'
import { Random } from '../std/random.ts'
import { playBackground, type UsualBatch } from './background.ts'
import { type Parameters, parameterDefaults } from './parameters.ts'
import { Stage, spans } from './stage.ts'
import type { Labelled } from './trace.ts'

export type Family = 'bug' | 'abuse' | 'breach' | 'legitimate' | 'provider' | 'late'

/** The labels of a verdict that a drill expects. */
export type Headline =
  | 'notification-fault'
  | 'reset-abuse'
  | 'credential-attack'
  | 'breach'
  | 'impersonation'
  | 'provider-fault'
  | 'legitimate-surge'
  | 'undetermined'

/** What is told of a drill, and what it does from the onset on. */
export type Scenario = {
  /** Lower case with hyphens: `npx tocsin drill NAME`. */
  name: string
  title: string
  family: Family
  /** Row of the catalogue of scenarios: B1 to B13, A1 to A8, C1 to C3, L1 to L4, P1, P2. */
  row?: string
  /** Two plain sentences. */
  about: string
  /** The documented incident, its figures and where they were published. */
  anchor?: string
  /** In play; the first is the one that the incident is about. */
  classes?: string[]
  defaults?: Partial<Parameters>
  /** Monday of the week of the onset, `YYYY-MM-DD`; without it the week of January 2026. */
  week?: string
  /** Begins on the hour; else somewhere in the first fifty minutes of it. */
  onTheHour?: boolean
  expected: { stop: boolean; headline: Headline }
  /** What history knows besides the ordinary traffic. */
  usual?: (parameters: Parameters) => UsualBatch
  /** Sets up the incident; called before anything happens, and not at all with a size of 0. */
  script: (stage: Stage, parameters: Parameters) => void
}

export type Drill = Omit<Scenario, 'classes' | 'defaults' | 'week' | 'onTheHour'> & {
  classes: string[]
  defaults: Parameters
  /** Ascending in time, made as it is read: what it holds does not grow with the size. */
  play(parameters: Parameters): Iterable<Labelled>
  /** Instant in ms at which the incident begins. */
  onsetOf(parameters: Parameters): number
}

const ordinary = ['password-reset', 'sign-in-alert', 'credential-changed']
const januaryWeek = '2026-01-05'
const { hour, minute } = spans
/** Twenty matched messages make causes required; each class has so many before the onset, and some. */
const warmUpMessagesMin = 40

export function drillOf(scenario: Scenario): Drill {
  const { week = januaryWeek, onTheHour = false, ...told } = scenario
  const classes = [...new Set([...(scenario.classes ?? []), ...ordinary])]
  const defaults = { ...parameterDefaults, ...scenario.defaults }
  const monday = parseInstant(`${week}T00:00:00Z`)!
  const onsetOf = ({ hour: at, seed }: Parameters): number => {
    const into = onTheHour ? 0 : 1000 * new Random(seed).integer(0, 3000)
    return monday + (((at % hoursOfWeek) + hoursOfWeek) % hoursOfWeek) * hour + into
  }
  const play = (parameters: Parameters): Iterable<Labelled> => ({
    [Symbol.iterator]: () => {
      const onset = onsetOf(parameters)
      const stage = new Stage(parameters, { start: startOf(parameters, onset), onset })
      playBackground(stage, classes, scenario.usual?.(parameters))
      if (parameters.size > 0) scenario.script(stage, parameters)
      return stage.play()
    },
  })
  return { ...told, classes, defaults, play, onsetOf }
}

/** On a whole minute, so that the minutes of the traffic and the hours of the baseline fit each other. */
function startOf({ warmUpHours, perMinute }: Parameters, onset: number): number {
  const least = (warmUpMessagesMin * 2 * minute) / Math.max(perMinute, 0.01)
  return Math.floor((onset - Math.max(warmUpHours * hour, least)) / minute) * minute
}

/**
 * Two incidents at once over one background: hour, week, seed and the ordinary traffic are the first's; the second keeps its own size, ramp and
 * pace, times `scale` where the first is played at another size than its default.
 */
export function mixtureOf(
  first: Drill,
  second: Drill,
  told: Pick<Scenario, 'name' | 'title' | 'about' | 'expected'> & { family?: Family },
): Drill {
  const classes = [...new Set([...first.classes, ...second.classes])]
  return drillOf({
    ...first,
    ...told,
    row: `${first.row ?? first.name} + ${second.row ?? second.name}`,
    family: told.family ?? first.family,
    classes,
    script: (stage, parameters) => {
      first.script(stage, parameters)
      const { size, ramp, rampMs, perSecond, networks, unknownShare } = second.defaults
      const scaled = Math.max(1, Math.round((size * parameters.size) / first.defaults.size))
      second.script(stage, { ...parameters, size: scaled, ramp, rampMs, perSecond, networks, unknownShare })
    },
  })
}
