import { contrast } from '../colors.ts'
import { quoted, type Rule } from '../finding.ts'
import type { Look } from '../looks.ts'
import type { Run } from '../page.ts'

/** The line that programs show behind the subject is hidden in the body, and first in it. */
const preheaderCharsMax = 300
const visibleContrastMin = 1.25

const isSaid = ({ text }: Run): boolean => /[\p{L}\p{N}]{2}/u.test(text)
const melts = ({ color, background }: Look): boolean =>
  color !== undefined && background !== undefined && contrast(color, background) < visibleContrastMin

export const hiddenText: Rule = {
  name: 'hidden-text',
  about: 'text that nobody sees',
  look({ page }) {
    const said = (page?.runs ?? []).filter(isSaid)
    return said
      .filter((run, at) => {
        if (run.hidden || run.sizePx < 2) return at > 0 || run.text.length > preheaderCharsMax
        return melts(run.light) || melts(run.dark)
      })
      .slice(0, 3)
      .map(({ text }) => ({
        severity: 'error',
        where: { part: 'html', quote: quoted(text) },
        reason: 'Text that is there and not seen is how filters and people are deceived.',
        better: 'Show it or leave it out. Only the preview line, first in the body, may be hidden.',
      }))
  },
}
