import { audit } from './audit.ts'
import { clearBrake } from './clear-brake.ts'
import { correct } from './correct.ts'
import { doctor } from './doctor.ts'
import { drill } from './drill.ts'
import { ledger } from './ledger.ts'
import { lint } from './lint.ts'
import { operator } from './operator.ts'
import { pause, resume } from './pause.ts'
import { replay } from './replay.ts'
import { send } from './send.ts'
import { stops } from './stops.ts'
import { templates } from './templates.ts'
import { up } from './up.ts'
import { type Command, UsageFault } from './usage.ts'
import { verify } from './verify.ts'

/** The `tocsin` command: exit 0 done, 1 a finding, 2 wrong use, 3 a fault of ours. */
const commands: Record<string, Command> = {
  up,
  send,
  pause,
  resume,
  stops,
  'clear-brake': clearBrake,
  correct,
  templates,
  operator,
  replay,
  drill,
  audit,
  lint,
  doctor,
  verify,
  ledger,
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
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) {
    console.error(`tocsin: there is no command "${name.slice(0, 40)}". Known: ${Object.keys(commands).join(', ')}.`)
    return 2
  }
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
