import type { Mailbox } from '../std/mailbox.ts'
import type { Application } from './intake.ts'

/** Whether an application may send from a mailbox: its `senders` are addresses, or `@domain` for all of a domain; case does not matter. */
export function isAllowedSender({ senders }: Pick<Application, 'senders'>, { address, domain }: Mailbox): boolean {
  if (senders === undefined) return true
  return senders.some(sender => {
    const wanted = sender.toLowerCase()
    return wanted.startsWith('@') ? domain === wanted.slice(1) : address.toLowerCase() === wanted
  })
}
