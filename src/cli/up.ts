import pino from 'pino'
import { type Config, ConfigFaults, loadConfig } from '../config.ts'
import { KeyFault } from '../inbound/keys.ts'
import { StartupFault } from '../journal/startup-fault.ts'
import { type Running, start } from '../main.ts'
import { type Command, readOptions } from './usage.ts'

export const up: Command = {
  summary: 'run Tocsin until it is told to stop',
  help: `usage: npx tocsin up

Runs Tocsin with the settings of the environment (TOCSIN_HTTP_PORT, TOCSIN_SMTP_PORT, TOCSIN_HOST, TOCSIN_DATA_DIR, TOCSIN_UPSTREAM,
TOCSIN_API_KEY, TOCSIN_SMTP_CREDENTIAL, TOCSIN_CAUSE_KEY, TOCSIN_ADMIN_KEY, TOCSIN_FROM, TOCSIN_CONFIG, TOCSIN_LOG, DATABASE_URL)
and of tocsin.config.ts. SIGTERM and SIGINT end it after what is under way. Log lines go to stderr.
Exit 0 after a stop, 2 when a setting, a port, the data directory or the database stands in the way.`,
  async run(args) {
    readOptions(args, {})
    const log = pino({ level: process.env.TOCSIN_LOG || 'info', base: null }, pino.destination({ fd: 2, sync: false }))
    const stopped = stopSignal()
    const running = await startOrTell(log)
    if (!running) return 2
    log.info({ http: running.httpUrl, smtpPort: running.smtpPort }, 'tocsin is up')
    const signal = await stopped
    log.info({ signal }, 'stopping after what is under way')
    await running.stop()
    log.info({}, 'stopped')
    return 0
  },
}

/** A second signal does not wait. */
function stopSignal(): Promise<string> {
  return new Promise(resolve => {
    let asked = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        if (asked) process.exit(3)
        asked = true
        resolve(signal)
      })
  })
}

/** `undefined` when something that the operator can change stands in the way; it has been told then. */
async function startOrTell(log: pino.Logger): Promise<Running | undefined> {
  try {
    const config = await loadConfig(process.env)
    const running = await start(config, log)
    console.log(welcome(config, running))
    return running
  } catch (error) {
    if (error instanceof ConfigFaults) {
      console.error('tocsin: the settings cannot be used:')
      for (const { setting, code, detail } of error.faults) console.error(`  ${setting}: ${detail} (${code})`)
    } else if (error instanceof StartupFault || error instanceof KeyFault || hasCode(error))
      console.error(`tocsin: ${error.message} (${error.code})`)
    else throw error
    return undefined
  }
}

const hasCode = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'

function welcome(config: Config, { httpUrl, smtpPort, generated, database }: Running): string {
  const to =
    config.upstreams === 'mailbox'
      ? `the local mailbox, ${httpUrl}/mailbox`
      : config.upstreams.map(({ id }) => id).join(', ')
  const lines = [
    'Tocsin is up.',
    '',
    `  HTTP      ${httpUrl}  (try it at ${httpUrl}/docs)`,
    `  SMTP      ${config.host}:${smtpPort}`,
    `  delivers  to ${to}`,
    `  keeps     ${config.dataDir}  (${database})`,
  ]
  const secrets: [string, string, string | undefined][] = [
    ['API key', 'TOCSIN_API_KEY', generated.apiKey],
    ['cause key', 'TOCSIN_CAUSE_KEY', generated.causeKey],
    ['operator key', 'TOCSIN_ADMIN_KEY', generated.adminKey],
    ['SMTP', 'TOCSIN_SMTP_CREDENTIAL', generated.smtpCredential],
  ]
  const made = secrets.filter(([, , value]) => value !== undefined)
  if (made.length > 0) {
    lines.push('', '  First credentials, shown this once; keep them:')
    for (const [name, , value] of made) lines.push(`    ${name.padEnd(13)} ${value}`)
  }
  lines.push('', '  Send a first mail:', '', '    npx tocsin send --to you@example.org', '')
  if (generated.smtpCredential) {
    const [user, password] = generated.smtpCredential.split(':')
    lines.push(
      '  or from any SMTP client:',
      '',
      `    swaks --server ${config.host}:${smtpPort} --auth-user ${user} --auth-password ${password} --from app@example.org --to you@example.org`,
      '',
    )
  }
  return lines.join('\n')
}
