import { quoted, type Rule } from '../finding.ts'
import { isWebLink, isWithin } from '../mail.ts'

/** Addresses that mail programs and validators look up, and nobody follows. */
const documents = new Set(['www.w3.org', 'schemas.microsoft.com'])

export const linkHost: Rule = {
  name: 'link-host',
  about: 'a link to a host that is not on the list',
  look: ({ links, hosts }) =>
    hosts === undefined
      ? []
      : links.flatMap(link =>
          isWebLink(link) &&
          link.host !== undefined &&
          !documents.has(link.host) &&
          !hosts.some(pattern => isWithin(link.host!, pattern))
            ? [
                {
                  severity: 'error',
                  where: { part: link.part, quote: quoted(link.href) },
                  reason: `${link.shown} is not among the hosts that messages may link to.`,
                  better: `Link to one of them (${hosts.slice(0, 5).join(', ')}), or have the host added to the list.`,
                },
              ]
            : [],
        ),
}
