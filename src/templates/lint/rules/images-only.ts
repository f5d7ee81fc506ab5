import type { Rule } from '../finding.ts'
import { isPixel } from './tracking-pixel.ts'

const lettersMin = 60

export const imagesOnly: Rule = {
  name: 'images-only',
  about: 'what it says stands in images',
  look({ page }) {
    if (!page) return []
    const letters = page.lines.join('').replace(/\P{L}/gu, '').length
    const images = page.images.filter(image => !isPixel(image)).length
    return images > 0 && letters < lettersMin
      ? [
          {
            severity: 'error',
            where: { part: 'html' },
            reason:
              'Many programs show no images at first, and screen readers read none: for these people it is empty.',
            better: 'Write everything as text. An image may stand beside it.',
          },
        ]
      : []
  },
}
