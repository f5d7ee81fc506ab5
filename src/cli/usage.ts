import { type ParseArgsConfig, parseArgs } from 'node:util'

export type Command = { help: string; run(args: string[]): Promise<number> }

/** The command line is not of the command's form; the text says what was found. Exit 2. */
export class UsageFault extends Error {
  override readonly name = 'UsageFault'
}

/** Reads the options of a command; anything unknown is a `UsageFault`. */
export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    throw new UsageFault(error instanceof Error ? error.message : String(error))
  }
}
