import { colorText, contrast as ratioOf } from '../colors.ts'
import { quoted, type Remark, type Rule } from '../finding.ts'
import type { Page, Run } from '../page.ts'

// WCAG 2.2, success criterion 1.4.3: 4.5 to 1; large text, from 24 px or 18.66 px bold, 3 to 1.
const ratioMin = 4.5
const largeRatioMin = 3
const largePxMin = 24
const largeBoldPxMin = 18.66
/** Below this it is hidden, which is another finding. */
const visibleRatioMin = 1.25

export const contrast: Rule = {
  name: 'contrast',
  about: 'text that hardly stands out from what is behind it',
  look: ({ page }) =>
    page ? [...remarksOf(page, 'light'), ...(page.hasDarkScheme ? remarksOf(page, 'dark') : [])] : [],
}

function remarksOf(page: Page, scheme: 'light' | 'dark'): Remark[] {
  return page.runs
    .filter(({ hidden, sizePx, text }) => !hidden && sizePx >= 2 && /[\p{L}\p{N}]/u.test(text))
    .flatMap(run => {
      const { color, background } = run[scheme]
      if (!color || !background) return []
      const ratio = ratioOf(color, background)
      const wanted = wantedOf(run)
      if (ratio >= wanted || ratio < visibleRatioMin) return []
      const remark: Remark = {
        severity: 'error',
        where: { part: 'html', quote: quoted(run.text) },
        reason: `${colorText(color)} on ${colorText(background)} is ${ratio.toFixed(2)} to 1 in the ${scheme} scheme (WCAG 2.2, 1.4.3).`,
        better: `Take colors with at least ${wanted} to 1.`,
      }
      return [remark]
    })
    .slice(0, 3)
}

const wantedOf = ({ sizePx, bold }: Run): number =>
  sizePx >= largePxMin || (bold && sizePx >= largeBoldPxMin) ? largeRatioMin : ratioMin
