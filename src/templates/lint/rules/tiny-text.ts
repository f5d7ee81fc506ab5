import { quoted, type Rule } from '../finding.ts'

/** CSS pixels. Mail programs on phones enlarge what is smaller, and break the rest by it. */
const sizePxMin = 12

export const tinyText: Rule = {
  name: 'tiny-text',
  about: 'text too small to read',
  look: ({ page }) =>
    (page?.runs ?? [])
      .filter(({ sizePx, hidden, text }) => !hidden && sizePx < sizePxMin && /[\p{L}\p{N}]{2}/u.test(text))
      .slice(0, 3)
      .map(({ text, sizePx }) => ({
        severity: 'error',
        where: { part: 'html', quote: quoted(text) },
        reason: `It has ${Math.round(sizePx * 10) / 10} px. What is small looks hidden, and many cannot read it.`,
        better: `At least ${sizePxMin} px, and 16 px for what people are to read.`,
      })),
}
