import { operatorNameFault } from '../config.ts'
import { makeOperatorKey } from '../inbound/keys.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

export const operator: Command = {
  help: `usage: npx tocsin operator NAME [--json]

Prints a new key, which is shown this once, and the line for tocsin.config.ts that lets the person in. The key itself is kept nowhere; the
line holds its hash. Tocsin knows the person from its next start on.`,
  async run(args) {
    const { values, positionals } = readOptions(args, { json: { type: 'boolean', default: false } })
    const [name] = positionals
    if (positionals.length !== 1 || !name) throw new UsageFault('name exactly one person')
    const fault = operatorNameFault(name)
    if (fault) throw new UsageFault(fault.detail)
    const { key, keyHash } = makeOperatorKey()
    const line = `{ name: ${quoted(name)}, keyHash: '${keyHash}' }`
    if (values.json) console.log(JSON.stringify({ name, key, keyHash, line }))
    else console.log(textOf(name, key, line))
    return 0
  },
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const textOf = (name: string, key: string, line: string): string => `The key of ${name}, shown this once:

  ${key}

In tocsin.config.ts, then start Tocsin anew:

  operators: [${line}],
`
