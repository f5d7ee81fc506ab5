import { Replay, type ReplayOptions, type Report, type Setting } from '../../src/cli/replay/replay.ts'
import { loadConfig } from '../../src/config.ts'

// Traces in few words, and their replay in this process.

export const t0 = Date.UTC(2026, 0, 8, 9)

/** RFC 3339, that many seconds into the trace. */
export const at = (seconds: number): string => new Date(t0 + Math.round(seconds * 1000)).toISOString()

export type TraceLine = Record<string, unknown>

/** A reset that an account asked for from a known device; the event's id is the cause. */
export const asked = (id: string, seconds: number, account = `account-${id}`, data: object = {}): TraceLine => ({
  specversion: '1.0',
  id,
  source: '/web',
  type: 'tocsin.reset.requested',
  time: at(seconds),
  subject: account,
  data: { known: true, trust: 'known-device', recipients: [{ email: `${account}@example.org` }], ...data },
})

/** The mail for it. */
export const wanted = (id: string, seconds: number, account = `account-${id}`, data: object = {}): TraceLine => ({
  specversion: '1.0',
  id,
  source: '/mailer',
  type: 'tocsin.message.requested',
  time: at(seconds),
  subject: account,
  data: { class: 'password-reset', recipient: { email: `${account}@example.org` }, ...data },
})

/** `count` resets, one a second from `from`: asked, and a tenth of a second later a mail that names its cause. */
export const resets = (count: number, { from = 0, name = 'r' } = {}): TraceLine[] =>
  Array.from({ length: count }, (_, i) => [
    asked(`${name}${i}`, from + i, `account-${i}`),
    wanted(`${name}m${i}`, from + i + 0.1, `account-${i}`, { cause: { id: `${name}${i}` } }),
  ]).flat()

export const ndjson = (lines: (TraceLine | string)[]): string =>
  lines.map(line => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')

export const freshSetting: Promise<Setting> = loadConfig({ TOCSIN_CONFIG: '' })

/** Cut into pieces of `pieceBytes`. */
export async function replayed(
  trace: string | Buffer,
  { pieceBytes = 64 * 1024, ...options }: Partial<ReplayOptions> & { pieceBytes?: number } = {},
): Promise<Report> {
  const replay = new Replay({ setting: await freshSetting, ...options })
  const bytes = Buffer.from(trace)
  for (let from = 0; from < bytes.length; from += pieceBytes) replay.push(bytes.subarray(from, from + pieceBytes))
  return replay.end()
}
