import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { type Config, ConfigFaults, loadConfig } from '../config.ts'
import { findBinaries } from '../journal/postgres/binaries.ts'
import { checkServer } from '../journal/postgres/server.ts'
import { attach, call } from './attach.ts'
import { type Command, readOptions } from './usage.ts'

type Finding = { check: string; status: 'fine' | 'finding'; found: string; todo?: string }

/** A new installation, a day of mail and what PostgreSQL needs besides. */
const freeBytesMin = 1024 * 1024 * 1024
const nodeMajorMin = 24

export const doctor: Command = {
  help: `usage: npx tocsin doctor [--json]

Looks at the settings, the data directory, the disk, the database, the ports, the running Tocsin and what it found out about its domains.
Exit 0 when all is fine, 1 when there is a finding.`,
  async run(args) {
    const { values } = readOptions(args, { json: { type: 'boolean', default: false } })
    const findings = await examine()
    if (values.json) console.log(JSON.stringify({ findings }))
    else for (const finding of findings) console.log(told(finding))
    return findings.some(({ status }) => status === 'finding') ? 1 : 0
  },
}

const fine = (check: string, found: string): Finding => ({ check, status: 'fine', found })
const wrong = (check: string, found: string, todo: string): Finding => ({ check, status: 'finding', found, todo })

function told({ check, status, found, todo }: Finding): string {
  return `${status === 'fine' ? 'ok  ' : '!!  '} ${check.padEnd(14)} ${found}${todo ? `\n     ${''.padEnd(14)} ${todo}` : ''}`
}

async function examine(): Promise<Finding[]> {
  const findings = [node()]
  const config = await settings(findings)
  if (!config) return findings
  findings.push(await dataDirectory(config), await database(config))
  const attached = await attach()
  if ('none' in attached) {
    findings.push(fine('running', 'no Tocsin runs on this data directory'))
    findings.push(
      await port(config, 'TOCSIN_HTTP_PORT', config.httpPort),
      await port(config, 'TOCSIN_SMTP_PORT', config.smtpPort),
    )
  } else findings.push(await running(attached), ...(await health(attached)))
  findings.push(...(await domains(config, attached)))
  return findings
}

function node(): Finding {
  const major = Number(process.versions.node.split('.')[0])
  if (major >= nodeMajorMin) return fine('node', process.version)
  return wrong('node', process.version, `Node ${nodeMajorMin} is needed; run "npm ci", which brings it`)
}

async function settings(findings: Finding[]): Promise<Config | undefined> {
  try {
    const config = await loadConfig(process.env)
    findings.push(fine('settings', 'readable'))
    return config
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error
    for (const { setting, detail } of error.faults)
      findings.push(wrong('settings', `${setting}: ${detail}`, 'correct the setting'))
    return undefined
  }
}

async function dataDirectory({ dataDir }: Config): Promise<Finding> {
  const existing = await nearest(dataDir)
  try {
    await access(existing, constants.W_OK)
  } catch {
    return wrong('data directory', `${existing} cannot be written`, 'change its owner or mode, or set TOCSIN_DATA_DIR')
  }
  const { bavail, bsize } = await statfs(existing)
  const free = Number(bavail) * Number(bsize)
  const gib = (free / 2 ** 30).toFixed(1)
  if (free >= freeBytesMin) return fine('data directory', `${dataDir}, ${gib} GiB free`)
  return wrong(
    'data directory',
    `only ${gib} GiB free at ${existing}`,
    'free some space, or set TOCSIN_DATA_DIR to another disk',
  )
}

async function nearest(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const there = await access(at).then(
      () => true,
      () => false,
    )
    if (there || at === dirname(at)) return at
  }
}

async function database({ databaseUrl }: Config): Promise<Finding> {
  try {
    if (databaseUrl) return fine('database', `PostgreSQL ${(await checkServer(databaseUrl)).version} at DATABASE_URL`)
    return fine('database', `embedded PostgreSQL ${(await findBinaries({ forOthers: false })).version}`)
  } catch (error) {
    return wrong('database', error instanceof Error ? error.message : String(error), 'see docs/errors.md')
  }
}

async function port({ host }: Config, setting: string, number: number): Promise<Finding> {
  const error = await new Promise<NodeJS.ErrnoException | undefined>(resolve => {
    const server = createServer()
    server.once('error', resolve)
    server.listen(number, host, () => server.close(() => resolve(undefined)))
  })
  if (!error) return fine(setting, `${host}:${number} is free`)
  return wrong(
    setting,
    `${host}:${number} cannot be used: ${error.code}`,
    `end the program that has it, or set ${setting}`,
  )
}

async function running(attached: Exclude<Awaited<ReturnType<typeof attach>>, { none: string }>): Promise<Finding> {
  try {
    const { status, body } = await call(attached, 'GET', '/readyz')
    if (status === 200) return fine('running', `${attached.url} is ready`)
    return wrong('running', `${attached.url} is not ready: ${body?.detail ?? status}`, 'see its log')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return wrong('running', `${attached.url} does not answer: ${reason}`, 'see its log, or end it and start it again')
  }
}

type Health = {
  brake: { status: 'fine' } | { status: 'faulty'; fault: { class: string; lane: string; since: string } }
  late: { class: string; lane: string; stage: string; lastLateAt: string }[]
  probe?: { at: string; status: string; decidedMs?: number; handedOverMs?: number }
}

/** The brake, late mail and the last probe; nothing when the running Tocsin does not answer, which `running` tells. */
async function health(attached: Exclude<Awaited<ReturnType<typeof attach>>, { none: string }>): Promise<Finding[]> {
  const answer = await call(attached, 'GET', '/v1/health').catch(() => undefined)
  if (answer?.status !== 200) return []
  const { brake, late, probe } = answer.body as unknown as Health
  return [brakeFinding(brake), ...late.map(lateFinding), probeFinding(probe)]
}

type DomainRows = { items: { domain: string; at?: string; counts?: Record<string, number> }[] }

/** What the running Tocsin found out about the domains it sends for; else where to look. */
async function domains(
  { domains: { audited } }: Config,
  attached: Awaited<ReturnType<typeof attach>>,
): Promise<Finding[]> {
  const look = (domain: string) => `run "npx tocsin audit domain ${domain}"`
  const answer = 'none' in attached ? undefined : await call(attached, 'GET', '/v1/domains').catch(() => undefined)
  const rows = answer?.status === 200 ? (answer.body as unknown as DomainRows).items : []
  return audited.map(domain => {
    const { at, counts } = rows.find(row => row.domain === domain) ?? {}
    if (!at || !counts) return fine('domain', `${domain} was not audited yet; ${look(domain)}`)
    const bad = ['error', 'warning', 'cannot-tell'].filter(severity => counts[severity]! > 0)
    if (bad.length === 0) return fine('domain', `${domain} was in order at ${at}`)
    const found = bad.map(severity => `${counts[severity]} ${severity}`).join(', ')
    return wrong('domain', `${domain}: ${found} at ${at}`, look(domain))
  })
}

const brakeFinding = (brake: Health['brake']): Finding =>
  brake.status === 'fine'
    ? fine('brake', 'in order')
    : wrong(
        'brake',
        `a limit did not hold in ${brake.fault.class || 'a class'}/${brake.fault.lane} since ${brake.fault.since}`,
        'see GET /v1/health for the messages; POST /v1/brake/clear serves all lanes again',
      )

const lateFinding = ({ class: className, lane, stage, lastLateAt }: Health['late'][number]): Finding =>
  wrong(
    'late mail',
    `${className}/${lane} was late at ${lastLateAt}${stage === 'provider' ? ', at the provider' : ''}`,
    'see the upstreams: tocsin_upstream_up in /metrics, and their own state',
  )

function probeFinding(probe: Health['probe']): Finding {
  if (!probe) return fine('probe', 'the first one has not left yet')
  const { at, status, decidedMs, handedOverMs } = probe
  const took = (ms: number | undefined) => (ms === undefined ? 'never' : `after ${Math.round(ms)} ms`)
  const found = `${status} at ${at}: decided ${took(decidedMs)}, handed over ${took(handedOverMs)}`
  return status === 'handed-over' ? fine('probe', found) : wrong('probe', found, 'see the log and GET /v1/health')
}
