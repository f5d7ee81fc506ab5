import { quoted, type Rule } from '../finding.ts'

const shorteners = new Set(
  'bit.ly bitly.com tinyurl.com t.co goo.gl ow.ly is.gd v.gd buff.ly rb.gy rebrand.ly cutt.ly shorturl.at t.ly tiny.cc s.id lnkd.in fb.me amzn.to youtu.be adf.ly bl.ink short.io soo.gd clck.ru vk.cc urlz.fr qr.ae trib.al dlvr.it ift.tt snip.ly shorte.st bc.vc u.to x.gd da.gd kutt.it lnk.to linktr.ee page.link app.link onelink.me smarturl.it surl.li n9.cl acortar.link kurzelinks.de t1p.de'.split(
    ' ',
  ),
)

/** The host, and every domain above it. */
const domainsOf = (host: string): string[] => host.split('.').map((_, at, labels) => labels.slice(at).join('.'))

export const linkShortener: Rule = {
  name: 'link-shortener',
  about: 'a link that hides where it leads',
  look: ({ links }) =>
    links.flatMap(({ host, href, part }) =>
      host !== undefined && domainsOf(host).some(one => shorteners.has(one))
        ? [
            {
              severity: 'error',
              where: { part, quote: quoted(href) },
              reason: `${host} hides the real address, so nobody can see beforehand where it leads.`,
              better: 'Write the address on your own host.',
            },
          ]
        : [],
    ),
}
