import { act } from './pause.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

export const clearBrake: Command = {
  help: `usage: npx tocsin clear-brake [--json]

After the alarm own-brake only the reserved lane is served. Look at the alarm first: what was held stays held.`,
  async run(args) {
    const { values, positionals } = readOptions(args, { json: { type: 'boolean', default: false } })
    if (positionals.length > 0) throw new UsageFault('this command takes no names')
    return act('/v1/brake/clear', {}, values.json, () => 'all lanes are served again')
  },
}
