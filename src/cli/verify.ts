import { help as ledgerHelp, verifyLedger } from './ledger/verify.ts'
import { type Command, UsageFault } from './usage.ts'

/** What can be verified, each with its own options. */
const subjects: Record<string, (args: string[]) => Promise<number>> = { ledger: verifyLedger }

export const verify: Command = {
  summary: 'check that journal and register are as they were written',
  help: ledgerHelp,
  run([subject, ...rest]) {
    const run = subject !== undefined && Object.hasOwn(subjects, subject) ? subjects[subject] : undefined
    if (!run) throw new UsageFault(`name what to verify: ${Object.keys(subjects).join(', ')}`)
    return run(rest)
  },
}
