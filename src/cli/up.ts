import pino from 'pino'
import { type Config, ConfigFaults, loadConfig } from '../config.ts'
import { KeyFault } from '../inbound/keys.ts'
import { StartupFault } from '../journal/startup-fault.ts'
import { type Running, start } from '../main.ts'
import { type Command, readOptions } from './usage.ts'

export const up: Command = {
  help: `usage: npx tocsin up

Runs Tocsin with the settings of the environment (TOCSIN_HTTP_PORT, TOCSIN_SMTP_PORT, TOCSIN_HOST, TOCSIN_DATA_DIR, TOCSIN_UPSTREAM,
TOCSIN_API_KEY, TOCSIN_SMTP_CREDENTIAL, TOCSIN_CAUSE_KEY, TOCSIN_ADMIN_KEY, TOCSIN_FROM, TOCSIN_CONFIG, TOCSIN_DNS, TOCSIN_LOG, DATABASE_URL)
and of tocsin.config.ts. SIGTERM and SIGINT end it after what is under way. Log lines go to stderr.
Exit 0 after a stop, 2 when a setting, a port, the data directory or the database stands in the way.`,
  async run(args) {
    readOptions(args, {})
    const stopped = stopSignal()
    const up = await startOrTell()
    if (!up) return 2
    const { running, log } = up
    log.info({ http: running.httpUrl, smtpPort: running.smtpPort }, 'tocsin is up')
    const signal = await stopped
    log.info({ signal }, 'stopping after what is under way')
    await running.stop()
    log.info({}, 'stopped')
    return 0
  },
}

/**
 * A second signal does not wait for what is under way. One that comes right behind the first is the same one: the launcher passes it on, and a
 * terminal or service manager gives it to the whole process group besides.
 */
function stopSignal(): Promise<string> {
  return new Promise(resolve => {
    let askedAt: number | undefined
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        if (askedAt !== undefined && performance.now() - askedAt > sameSignalMsMax) process.exit(3)
        askedAt ??= performance.now()
        resolve(signal)
      })
  })
}

const sameSignalMsMax = 1000

/** `undefined` when something that the operator can change stands in the way; it has been told then. */
async function startOrTell(): Promise<{ running: Running; log: pino.Logger } | undefined> {
  try {
    const config = await loadConfig(process.env)
    const log = pino({ level: process.env.TOCSIN_LOG || 'info', base: null }, pino.destination({ fd: 2, sync: false }))
    const running = await start(config, log)
    console.log(welcome(config, running))
    return { running, log }
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
  if (config.upstreams !== 'mailbox' && !config.from)
    lines.push('', '  TOCSIN_FROM is not set: messages that name no sender go out as security@localhost.')
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
