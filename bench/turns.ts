// Rounds, interleaved: A B C, A B C, … so that what the machine does meanwhile meets all of them alike. A turn starts its contestant,
// measures it and stops it; no other contestant runs during it.
import { type Contestant, present } from './contestant.ts'
import { freePort, temporaryDirectory } from './processes.ts'
import { type Options, type Result, say } from './report.ts'

export interface Turn<Running> {
  contestant: Contestant<Running>
  running: Running
  sinkPort: number
  /** Of the measurement, apart from the contestant's own. */
  directory: string
  round: number
}

export interface Stoppable {
  stop: () => Promise<void>
}

/**
 * Runs every contestant once a round. `withSink` surrounds the turn with whatever listens at the sink's port.
 * A contestant that fails takes no further part and is reported as failed; the others go on.
 */
export async function playRounds<Running extends Stoppable, Figure, Sink extends { stop: () => unknown }>(play: {
  contestants: Contestant<Running>[]
  options: Options
  sink: (port: number, directory: string) => Promise<Sink>
  measure: (turn: Turn<Running>, sink: Sink) => Promise<Figure>
}): Promise<{ measured: Map<string, Figure[]>; missing: Record<string, Result> }> {
  const { contestants, options } = play
  const wanted = contestants.filter(({ name }) => options.only.length === 0 || options.only.includes(name))
  const { here, absent } = await present(wanted)
  const missing: Record<string, Result> = {}
  for (const [name, reason] of Object.entries(absent)) missing[name] = { absent: reason }
  const measured = new Map<string, Figure[]>()
  for (let round = 1; round <= options.rounds; round++) {
    for (const contestant of here.filter(({ name }) => !(name in missing))) {
      say(`round ${round} of ${options.rounds}: ${contestant.name}`)
      try {
        const figure = await turn(contestant, round)
        measured.set(contestant.name, [...(measured.get(contestant.name) ?? []), figure])
      } catch (error) {
        missing[contestant.name] = { failed: (error as Error).message }
        say(`  failed: ${(error as Error).message}`)
      }
    }
  }
  for (const name of Object.keys(missing)) measured.delete(name)
  return { measured, missing }

  async function turn(contestant: Contestant<Running>, round: number) {
    const own = temporaryDirectory()
    const ours = temporaryDirectory()
    const ending: Array<() => unknown> = [ours.remove, own.remove]
    try {
      const sinkPort = await freePort()
      const sink = await play.sink(sinkPort, ours.path)
      ending.push(sink.stop)
      const running = await contestant.start({ directory: own.path, sinkPort })
      ending.push(running.stop)
      return await play.measure({ contestant, running, sinkPort, directory: ours.path, round }, sink)
    } finally {
      for (const end of ending.reverse()) await end()
    }
  }
}
