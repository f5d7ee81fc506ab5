import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseInstant } from '../std/instant.ts'
import { type Drill, drills, type Parameters } from './drill.ts'
import { parameterDefaults } from './parameters.ts'
import { traceFaults } from './test-trace.ts'
import type { Labelled } from './trace.ts'

const seed = 7

/** Small enough that all drills are played in seconds, large enough that each does all it does. */
const small = ({ defaults }: Drill): Parameters => ({
  ...defaults,
  seed,
  size: Math.min(Math.ceil(defaults.size / 10), 250),
  perMinute: 20,
})

const linesOf = (played: Iterable<Labelled>): string[] => [...played].map(labelled => JSON.stringify(labelled))
/** The number of the first line in which another play differs from the lines of the first. */
function firstDifference(lines: readonly string[], other: Iterable<Labelled>): number | undefined {
  let at = 0
  for (const labelled of other) if (JSON.stringify(labelled) !== lines[at++]) return at
  return at === lines.length ? undefined : at + 1
}

const wrongfulIn = (played: readonly Labelled[]): number => played.filter(({ label }) => label?.wrongful).length
const at = ({ event }: Labelled): number => parseInstant(event.time)!

describe('the catalog', () => {
  it('has the thirty rows of scenarios, January 2026 in five tellings, and the documented incidents', () => {
    const rows = drills.flatMap(({ row }) => (row === undefined || row.includes('+') ? [] : row))
    const numbered = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`)
    const wanted = [numbered('B', 13), numbered('A', 8), numbered('C', 3), numbered('L', 4), numbered('P', 2)].flat()
    expect(rows.sort()).toEqual(wanted.sort())
    expect(drills.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        ...['template', 'targeting', 'prompt-logic', 'prompt-logic-with-causes', 'endpoint'].map(
          telling => `instagram-2026-${telling}`,
        ),
        ...['coinbase-2021', 'lets-encrypt-2016', 'mautic-2020', 'safebase-2023', 'zitadel-2026', 'twitter-2012'],
        ...[
          'entra-2025',
          'robinhood-2026',
          'fbi-2021',
          'hbo-max-2021',
          'github-2024-late',
          'class-gone-silent',
          'reset-flood',
        ],
      ]),
    )
    expect(drills.filter(({ row }) => row?.includes('+')).map(({ row }) => row)).toEqual([
      'A5 + L1',
      'B2 + C2',
      'L3 + B5',
    ])
  })

  it('names each drill once, and says of each what it is in two or three sentences', () => {
    expect(new Set(drills.map(({ name }) => name)).size).toBe(drills.length)
    for (const { name, about, title } of drills) {
      expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      expect(about.match(/[.]( |$)/g)?.length, name).toSatisfy((count: number) => count >= 2 && count <= 3)
      expect(title).not.toMatch(/\.$/)
    }
  })
})

/** How many wrongful messages a drill must have: as many as its size says, or none. */
const withoutWrongful = new Set(['legitimate', 'provider', 'late'])
const wrongfulOf = ({ name, family }: Drill, size: number): number => {
  if (
    withoutWrongful.has(family) ||
    ['A5', 'A6', 'C1', 'C2'].includes(rowOf(name)) ||
    name === 'stuffing-during-launch'
  )
    return 0
  // The second of the mixture is the wrongful one, at its own size.
  return name === 'recovery-and-replay' ? Math.round((5000 * size) / 4000) : size
}
const rowOf = (name: string): string => drills.find(drill => drill.name === name)?.row ?? ''

describe.each(drills.map(drill => [drill.name, drill] as const))(`%s, seed ${seed}`, (_, drill) => {
  const parameters = small(drill)
  const onset = drill.onsetOf(parameters)
  let played: Labelled[] = []
  beforeAll(() => {
    played = [...drill.play(parameters)]
  })
  afterAll(() => {
    played = []
  })

  it('ascends in time, from before the onset to half an hour after its end', () => {
    const descending = played.filter(({ event }, i) => i > 0 && event.time < played[i - 1]!.event.time)
    expect(descending).toEqual([])
    const last = at(played.at(-1)!)
    expect(at(played[0]!)).toBeLessThanOrEqual(onset - parameters.warmUpHours * 3_600_000 + 60_000)
    const incident = played.filter(({ label }) => label?.incident !== undefined)
    if (incident.length > 0) expect(last - at(incident.at(-1)!)).toBeGreaterThan(25 * 60_000)
  })

  it('is a trace by the table of the types', () => {
    expect(traceFaults(played, { repeatedIds: drill.row === 'P2' })).toEqual([])
  })

  it('has the labels apart, and as many wrongful messages as it says', () => {
    expect(wrongfulIn(played)).toBe(wrongfulOf(drill, parameters.size))
    const odd = played.filter(
      ({ event, label }) =>
        (label !== undefined) !== (event.type === 'tocsin.message.requested') ||
        (label?.wrongful && (label.honest || label.incident === undefined)),
    )
    expect(odd).toEqual([])
    const early = played.filter(one => one.label?.wrongful && at(one) < onset)
    expect(early).toEqual([])
    // Neither the name of the drill nor that something is wrongful may be read from an event.
    const telling = new RegExp(`wrongful|honest|incident|"${drill.name}`)
    expect(linesOf(played.map(({ event }) => ({ event }))).filter(line => telling.test(line))).toEqual([])
  })

  it('gives the same bytes for the same seed, and others for another', () => {
    const first = linesOf(played)
    expect(firstDifference(first, drill.play(parameters))).toBeUndefined()
    expect(firstDifference(first, drill.play({ ...parameters, seed: seed + 1 }))).toBeDefined()
  })

  it('with a size of 0 is the background alone, and nobody else’s background differs', () => {
    const alone = [...drill.play({ ...parameters, size: 0 })]
    expect(alone.filter(({ label }) => label?.wrongful || label?.incident)).toEqual([])
    expect(alone.length).toBeGreaterThan(150)
    const asked = (of: readonly Labelled[]) =>
      of
        .filter(one => at(one) < onset - 45 * 60_000 && one.event.type === 'tocsin.reset.requested')
        .map(({ event }) => [event.time, event.subject])
    expect(asked(alone)).toEqual(asked(played))
  })

  it('with causes hidden tells of none', () => {
    const hidden = [...drill.play({ ...parameters, size: 50, causes: 'hidden' })]
    const causes = /\.(reset\.requested|login\.|credential\.|protection\.|session\.)/
    expect(hidden.filter(({ event }) => causes.test(event.type))).toEqual([])
    expect(hidden.filter(({ event }) => event.data.cause !== undefined)).toEqual([])
    expect(hidden.filter(({ event }) => event.data.source === 'auth')).toEqual([])
    expect(wrongfulIn(hidden)).toBe(wrongfulOf(drill, 50))
    expect(traceFaults(hidden, { repeatedIds: drill.row === 'P2' })).toEqual([])
  })
})

describe('docs/guides/drills.md', () => {
  const page = readFileSync(new URL('../../docs/guides/drills.md', import.meta.url), 'utf8').split('\n')

  it('has a line for every drill, as it is, and for no other', () => {
    const rows = drills.map(
      ({ name, row = '', family, title, expected: { stop, headline } }) =>
        `| \`${name}\` | ${row} | ${family} | ${title} | ${stop ? 'yes' : 'no'} | \`${headline}\` |`,
    )
    expect(page.filter(line => /^\| `[^|]*\|[^|]*\|[^|]*\|[^|]*\| (yes|no) \|/.test(line))).toEqual(rows)
  })

  it('names the incident behind every drill that has one', () => {
    const rows = drills.flatMap(({ name, anchor }) => (anchor === undefined ? [] : `| \`${name}\` | ${anchor} |`))
    const from = page.indexOf('## From which incidents')
    expect(page.slice(from, page.indexOf('## Parameters')).filter(line => line.startsWith('| `'))).toEqual(rows)
  })

  it('explains every parameter', () => {
    const explained = page.slice(page.indexOf('## Parameters')).filter(line => line.startsWith('| `'))
    const names = explained.flatMap(line => [...line.split('|')[1]!.matchAll(/`(\w+)`/g)].map(match => match[1]!))
    expect(names.sort()).toEqual(Object.keys(parameterDefaults).sort())
  })
})
