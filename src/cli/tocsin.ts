import { type Command, UsageFault } from './usage.ts'

/**
 * The `tocsin` command: exit 0 done, 1 a finding, 2 wrong use, 3 a fault of ours. A command is loaded when it is asked for: most need neither
 * the server nor the compiler of templates.
 */
const commands: Record<string, { summary: string; load(): Promise<Command> }> = {
  up: {
    summary: 'run Tocsin until it is told to stop',
    load: async () => (await import('./up.ts')).up,
  },
  send: {
    summary: 'send one message through the running Tocsin',
    load: async () => (await import('./send.ts')).send,
  },
  pause: {
    summary: 'stop a class or a part of it: what is not yet with the provider stays here',
    load: async () => (await import('./pause.ts')).pause,
  },
  resume: {
    summary: 'end the stop of exactly one scope, or all of a class',
    load: async () => (await import('./pause.ts')).resume,
  },
  stops: {
    summary: 'list what is stopped, by people and by detectors, and what ends it',
    load: async () => (await import('./stops.ts')).stops,
  },
  'clear-brake': {
    summary: 'serve all lanes again after a fault of our own limits was found',
    load: async () => (await import('./clear-brake.ts')).clearBrake,
  },
  correct: {
    summary: 'draft the correction of wrongful messages, to exactly the people who got them',
    load: async () => (await import('./correct.ts')).correct,
  },
  templates: {
    summary: 'list, draft, look at, approve and retire what messages are written from',
    load: async () => (await import('./templates.ts')).templates,
  },
  operator: {
    summary: 'make a key for a person who operates',
    load: async () => (await import('./operator.ts')).operator,
  },
  replay: {
    summary: 'play a trace of events through the gate in virtual time',
    load: async () => (await import('./replay.ts')).replay,
  },
  drill: {
    summary: 'play a scenario through the gate and see whether it is stopped',
    load: async () => (await import('./drill.ts')).drill,
  },
  audit: {
    summary: 'look at how a domain sends mail: SPF, DKIM, DMARC and more',
    load: async () => (await import('./audit.ts')).audit,
  },
  lint: {
    summary: 'say what of a mail or template looks like phishing, frightens, or is missing',
    load: async () => (await import('./lint.ts')).lint,
  },
  doctor: {
    summary: 'look for what would keep Tocsin from working here',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  verify: {
    summary: 'check a mail, or that journal and register are as they were written',
    load: async () => (await import('./verify.ts')).verify,
  },
  ledger: {
    summary: 'export the register’s log for auditors, or give it a new key',
    load: async () => (await import('./ledger.ts')).ledger,
  },
}

const help = `tocsin: guarded delivery of security messages

usage: npx tocsin COMMAND [options]

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(11)} ${summary}`)
  .join('\n')}

Every command has --help. Settings come from the environment and from tocsin.config.ts; see the README.`

async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.log(help)
    return name === undefined ? 2 : 0
  }
  const found = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!found) {
    console.error(`tocsin: there is no command "${name.slice(0, 40)}". Known: ${Object.keys(commands).join(', ')}.`)
    return 2
  }
  const command = await found.load()
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(command.help)
    return 0
  }
  try {
    return await command.run(rest)
  } catch (error) {
    if (!(error instanceof UsageFault)) throw error
    console.error(`tocsin ${name}: ${error.message}\n\n${command.help}`)
    return 2
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(`tocsin: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 3
}
