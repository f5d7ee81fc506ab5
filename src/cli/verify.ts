import { help as ledgerHelp, verifyLedger } from './ledger/verify.ts'
import { type Command, UsageFault } from './usage.ts'
import { help as mailHelp, verifyMail } from './verify/mail.ts'

/** What can be verified, each with its own options. */
const subjects: Record<string, (args: string[]) => Promise<number>> = { mail: verifyMail, ledger: verifyLedger }

export const verify: Command = {
  help: `${mailHelp}\n\n${ledgerHelp}`,
  run([subject, ...rest]) {
    const run = subject !== undefined && Object.hasOwn(subjects, subject) ? subjects[subject] : undefined
    if (!run) throw new UsageFault(`name what to verify: ${Object.keys(subjects).join(', ')}`)
    return run(rest)
  },
}
