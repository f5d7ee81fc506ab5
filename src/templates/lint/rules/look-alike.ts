import { alphabetsIn, editDistance, skeleton } from '../../../std/confusables.ts'
import { shownDomain } from '../../../std/punycode.ts'
import { quoted, type Remark, type Rule } from '../finding.ts'
import { isWithin, type Mail } from '../mail.ts'

/** Labels shorter than this are a letter away from too many others. */
const nearLabelCharsMin = 5
const farLabelCharsMin = 10
/** A name this long stands within another by intent only: `notexample`. */
const withinLabelCharsMin = 6

export const lookAlike: Rule = {
  name: 'look-alike',
  about: 'a domain that can be taken for one of yours',
  look(mail: Mail): Remark[] {
    const own = ownDomains(mail)
    const seen = new Set<string>()
    return mail.links.flatMap(({ host, shown, href, part, scheme }) => {
      const domain = host ?? (scheme === 'mailto' ? /@([^?@\s]+)/.exec(href)?.[1]?.toLowerCase() : undefined)
      if (domain === undefined || seen.has(domain)) return []
      seen.add(domain)
      const likeness = likenessOf(shown ?? shownDomain(domain), own, mail)
      if (likeness === undefined) return []
      return [
        {
          severity: 'error',
          where: { part, quote: quoted(shown ?? domain) },
          reason: likeness,
          better: 'Use the domain that people know, exactly as they know it.',
        },
      ]
    })
  },
}

const ownDomains = ({ from, hosts = [] }: Mail): string[] => [
  ...new Set([from, ...hosts.map(host => host.replace(/^\*\./, ''))].filter(one => one !== undefined).map(shownDomain)),
]

function likenessOf(shown: string, own: readonly string[], { hosts = [], from }: Mail): string | undefined {
  const isOwn = own.some(one => shown === one || shown.endsWith(`.${one}`)) || hosts.some(one => isWithin(shown, one))
  if (isOwn) return undefined
  for (const label of shown.split('.')) {
    const alphabets = alphabetsIn(label)
    if (alphabets.length > 1) return `${quoted(shown)} mixes the letters of ${alphabets.join(' and ')}.`
  }
  const like = own.find(one => isLike(shown, one))
  if (like === undefined) return undefined
  return `${quoted(shown)} can be taken for ${like === from ? 'the domain of the sender' : 'one of your hosts'}, ${like}.`
}

/** The label that people remember: the last but one, or the one before endings like `co.uk`. */
function rememberedLabel(domain: string): string {
  const labels = domain.split('.')
  const short = labels.length > 2 && labels.at(-1)!.length === 2 && labels.at(-2)!.length <= 3
  return labels.at(short ? -3 : -2) ?? domain
}

function isLike(shown: string, own: string): boolean {
  const name = rememberedLabel(own)
  const wanted = skeleton(name)
  const label = rememberedLabel(shown)
  const looks = skeleton(label)
  if (looks === wanted) return true
  if (
    shown
      .split('.')
      .slice(0, -1)
      .some(one => one.split('-').some(word => word.length > 3 && skeleton(word) === wanted))
  )
    return true
  if (name.length < nearLabelCharsMin) return false
  if (name.length >= withinLabelCharsMin && looks.includes(wanted)) return true
  return editDistance(looks, wanted, 2) <= (name.length >= farLabelCharsMin ? 2 : 1)
}
