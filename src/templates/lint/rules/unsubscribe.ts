import { quoted, type Remark, type Rule } from '../finding.ts'
import type { Mail } from '../mail.ts'

// RFC 8058: one-click unsubscription is List-Unsubscribe with an https address (§3.1), List-Unsubscribe-Post: List-Unsubscribe=One-Click
// (§3.1), and a DKIM signature over both (§4).

export const unsubscribe: Rule = {
  name: 'unsubscribe',
  about: 'a way out of messages that nobody can leave, or none of those that one can',
  look: (mail: Mail): Remark[] => (mail.optional ? missing(mail) : mail.isSecurity ? forbidden(mail) : []),
}

const field = ({ header }: Mail, name: string): string | undefined =>
  header?.find(one => one.name.toLowerCase() === name)?.value

function forbidden(mail: Mail): Remark[] {
  const reason = 'Security messages cannot be left: who is offered that may press it, or does not believe the rest.'
  const remarks: Remark[] = []
  for (const name of ['list-unsubscribe', 'list-unsubscribe-post'])
    if (field(mail, name) !== undefined)
      remarks.push({
        severity: 'error',
        where: { part: 'header', quote: name },
        reason,
        better: 'Send it without this field, and not through a list.',
      })
  for (const { text, part } of mail.links)
    if (text !== undefined && mail.words?.unsubscribe.test(text))
      remarks.push({ severity: 'error', where: { part, quote: quoted(text) }, reason, better: 'Leave the link out.' })
  return remarks
}

function missing(mail: Mail): Remark[] {
  if (mail.header === undefined) return []
  const reason =
    'Mail that people may leave needs a way out of one click, signed (RFC 8058); large mailbox providers demand it.'
  const remark = (quote: string, better: string): Remark => ({
    severity: 'error',
    where: { part: 'header', quote },
    reason,
    better,
  })
  const remarks: Remark[] = []
  if (!/<https:\/\/[^>\s]+>/i.test(field(mail, 'list-unsubscribe') ?? ''))
    remarks.push(remark('list-unsubscribe', 'Add List-Unsubscribe: <https://…> with an address for this recipient.'))
  if (!/^\s*List-Unsubscribe=One-Click\s*$/i.test(field(mail, 'list-unsubscribe-post') ?? ''))
    remarks.push(remark('list-unsubscribe-post', 'Add List-Unsubscribe-Post: List-Unsubscribe=One-Click.'))
  const signatures = mail.header.filter(({ name }) => name.toLowerCase() === 'dkim-signature')
  if (remarks.length === 0 && signatures.length > 0 && !signatures.some(({ value }) => coversBoth(value)))
    remarks.push(remark('dkim-signature', 'Sign both fields: name them in h= of the signature.'))
  return remarks
}

function coversBoth(signature: string): boolean {
  const names =
    /(?:^|;)\s*h=([^;]*)/i
      .exec(signature)?.[1]
      ?.toLowerCase()
      .split(/[\s:]+/) ?? []
  return names.includes('list-unsubscribe') && names.includes('list-unsubscribe-post')
}
