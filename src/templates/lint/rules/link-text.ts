import { quoted, type Rule } from '../finding.ts'
import { isWebLink, targetOf } from '../mail.ts'

/** A host as people write it: labels with dots, the last of letters. */
const written =
  /(?<![\p{L}\p{N}@.-])(?:https?:\/\/)?((?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,6}\p{L}{2,24})(?![\p{L}\p{N}@])/iu
const address = /[\w.+-]+@([\w-]+(?:\.[\w-]+)+)/

/** Endings of files and of names of programs: no host. */
const endings = /\.(?:pdf|docx?|xlsx?|pptx?|odt|ods|txt|csv|json|xml|html?|md|png|jpe?g|gif|svg|ics|eml|asc|js|ts|py)$/i

const withoutWww = (host: string): string => host.replace(/^www\./, '')

export const linkText: Rule = {
  name: 'link-text',
  about: 'a link whose text names another place than it leads to',
  look: ({ links }) =>
    links.flatMap(link => {
      if (link.text === undefined || link.text === '') return []
      const shownAddress = address.exec(link.text)?.[0]
      if (link.scheme === 'mailto') {
        const to = decodeSafely(link.href.slice('mailto:'.length).split('?')[0] ?? '')
        return shownAddress === undefined || shownAddress.toLowerCase() === to.toLowerCase()
          ? []
          : [remark(link.text, to)]
      }
      if (!isWebLink(link) || link.host === undefined || shownAddress !== undefined) return []
      const name = written.exec(link.text)?.[1]
      const shown = name === undefined || endings.test(name) ? undefined : targetOf(`https://${name}/`).host
      if (shown === undefined || isSame(link.host, withoutWww(shown))) return []
      return [remark(link.text, link.shown ?? link.host)]
    }),
}

const isSame = (host: string, shown: string): boolean => host === shown || host.endsWith(`.${shown}`)

const remark = (text: string, target: string) =>
  ({
    severity: 'error',
    where: { part: 'html', quote: quoted(text) },
    reason: `The text shows one place and the link leads to another (${quoted(target)}), as imitations do.`,
    better: 'Let the link lead where its text says, or give it a text that says what it does: "Choose a new password".',
  }) as const

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
