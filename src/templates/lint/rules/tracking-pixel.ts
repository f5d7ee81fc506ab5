import { quoted, type Rule } from '../finding.ts'
import type { PageImage } from '../page.ts'

const sidePxMax = 3

export const isRemote = (address: string): boolean => /^\s*(?:https?:)?\/\//i.test(address)
export const isPixel = ({ width, height, hidden }: PageImage): boolean =>
  hidden || (width !== undefined && width <= sidePxMax) || (height !== undefined && height <= sidePxMax)

export const trackingPixel: Rule = {
  name: 'tracking-pixel',
  about: 'an image that only reports who reads',
  look: ({ page }) =>
    (page?.images ?? [])
      .filter(image => isRemote(image.src) && isPixel(image))
      .map(({ src }) => ({
        severity: 'error',
        where: { part: 'html', quote: quoted(src) },
        reason: 'It tells somebody when and where the message was read. In a security message that is itself a risk.',
        better: 'Leave it out. Whether people act is known from what they do afterwards.',
      })),
}
