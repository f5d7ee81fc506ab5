import { quoted, type Remark, type Rule } from '../finding.ts'
import type { Link } from '../mail.ts'

const ipAddress = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])$/i
const harmless = new Set(['https', 'mailto', 'tel'])
/** What a server takes for the address of another one. */
const redirect =
  /[?&](?:url|u|to|goto|next|target|dest|destination|redirect|redirect_?ur[il]|return_?to|continue|link)=(?:https?(?::|%3a)|%2f%2f|\/\/)/i

export const linkForm: Rule = {
  name: 'link-form',
  about: 'a link in a form that imitations use',
  look: ({ links }) =>
    links.flatMap(link => {
      const fault = faultOf(link)
      if (!fault) return []
      const [reason, better] = fault
      return [
        {
          severity: 'error',
          where: { part: link.part, quote: quoted(link.href || '(empty)') },
          reason,
          better,
        } satisfies Remark,
      ]
    }),
}

function faultOf({ href, scheme, host, url }: Link): [reason: string, better: string] | undefined {
  if (href.startsWith('#')) return undefined
  if (scheme === '' && /\{\{|\$\{|\*\|/.test(href)) return undefined
  if (scheme === '') return ['The link leads nowhere.', 'Give the whole address, from https:// on.']
  if (scheme === 'http')
    return ['The link is not encrypted, and programs warn of it.', 'Write https:// and serve the page there.']
  if (!harmless.has(scheme))
    return [`A link of the kind "${quoted(scheme)}:" runs or hides something.`, 'Link to a page with https://.']
  if (url && (url.username !== '' || url.password !== ''))
    return [
      'What stands before the at sign looks like the host and is not.',
      'Leave user name and password out of the address.',
    ]
  if (host !== undefined && ipAddress.test(host))
    return ['A number in the place of a name is what imitations have.', 'Use the name of your site.']
  if (scheme === 'https' && redirect.test(href))
    return ['The link goes on to an address that it carries along.', 'Link to the page itself.']
  return undefined
}
