// Figures in, a table for people or one JSON value for programs out.
import { statfsSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { harakaVersion } from './peers/haraka.ts'
import { run, scratchRoot } from './processes.ts'

/** Rounds of one figure. `median` is the middle one, or the mean of the two in the middle. */
export interface Figures {
  median: number
  min: number
  max: number
  rounds: number[]
}

/** What one contestant reached, `absent` or `failed` with the reason; `detail` is more about the same rounds. */
export type Result = (Figures & { detail: Record<string, unknown> }) | { absent: string } | { failed: string }

export interface Report {
  name: string
  unit: string
  results: Record<string, Result>
  /** Tocsin's median by the peer's. */
  ratios: Record<string, number>
  rounds: number
  environment: Record<string, unknown>
}

export interface Options {
  rounds: number
  /** How long one measurement should last, roughly. */
  seconds: number
  /** Names of the contestants to run; all when empty. */
  only: string[]
}

/** `rounds` must not be empty. */
export function figures(rounds: number[]): Figures {
  const sorted = rounds.toSorted((a, b) => a - b)
  return { median: quantile(sorted, 0.5), min: sorted[0]!, max: sorted.at(-1)!, rounds: rounds.map(tidy) }
}

/** Of values sorted upwards, interpolated between neighbors. */
export function quantile(sorted: number[], part: number): number {
  const at = (sorted.length - 1) * part
  const below = sorted[Math.floor(at)]!
  return tidy(below + (sorted[Math.ceil(at)]! - below) * (at % 1))
}

/** Four significant digits are more than the noise allows. */
export function tidy(value: number): number {
  return Number(value.toPrecision(4))
}

/** Tocsin's median by that of each other one that was measured. */
export function ratiosTo(results: Record<string, Result>): Record<string, number> {
  const { tocsin, ...others } = results
  const ratios: Record<string, number> = {}
  if (!tocsin || !('median' in tocsin)) return ratios
  for (const [name, other] of Object.entries(others)) {
    if ('median' in other) ratios[name] = tidy(tocsin.median / other.median)
  }
  return ratios
}

const fileSystems: Record<number, string> = {
  61267: 'ext4',
  16914836: 'tmpfs (an fsync costs nothing here: durable figures do not count)',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlay',
}

/** Taken before the benchmark itself makes the load. */
const begun = { loadBefore: loadavg().map(load => tidy(load)), at: new Date().toISOString() }

export async function environment(): Promise<Record<string, unknown>> {
  const fileSystem = statfsSync(scratchRoot).type
  return {
    cpu: cpus()[0]?.model.trim(),
    cores: availableParallelism(),
    memoryGiB: tidy(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    fileSystem: fileSystems[fileSystem] ?? `type ${fileSystem}`,
    node: process.version,
    postfix: await run('postconf', ['-d', '-h', 'mail_version']).catch(() => undefined),
    haraka: harakaVersion(),
    ...begun,
  }
}

export function say(line: string) {
  process.stderr.write(`${line}\n`)
}

/** The report for people. */
export function table(report: Report): string {
  const rows = Object.entries(report.results).map(([name, result]) => [name, ...cells(result, report.ratios[name])])
  const header = ['', `median ${report.unit}`, 'range', 'tocsin is ×', 'detail']
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map(row => row[column]?.length ?? 0)))
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  const more = Object.entries(report.ratios).filter(([name]) => !(name in report.results))
  const { cpu, cores, node, postfix, haraka, fileSystem, loadBefore } = report.environment
  return [
    `${report.name}: ${report.rounds} interleaved rounds`,
    line(header),
    ...rows.map(line),
    ...more.map(([name, ratio]) => `ratio ${name}: ${ratio}`),
    `on ${cores} × ${cpu}, ${fileSystem}, Node ${node}, Postfix ${postfix}, Haraka ${haraka}, load before ${loadBefore}`,
  ]
    .map(text => text.trimEnd())
    .join('\n')
}

function cells(result: Result, ratio: number | undefined): string[] {
  if ('absent' in result) return ['absent', '', '', result.absent]
  if ('failed' in result) return ['FAILED', '', '', result.failed]
  const detail = Object.entries(result.detail).filter(([, value]) => typeof value !== 'object')
  const about = detail.map(([name, value]) => `${name} ${value}`).join(', ')
  return [`${result.median}`, `${tidy(result.min)}..${tidy(result.max)}`, `${ratio ?? ''}`, about]
}
