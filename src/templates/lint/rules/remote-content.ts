import { quoted, type Rule } from '../finding.ts'
import { isPixel, isRemote } from './tracking-pixel.ts'

export const remoteContent: Rule = {
  name: 'remote-content',
  about: 'images, fonts or styles that are fetched when it is read',
  look: ({ page }) => {
    const images = (page?.images ?? []).filter(image => !isPixel(image)).map(({ src }) => src)
    return [...new Set([...images, ...(page?.remote ?? [])])]
      .filter(isRemote)
      .slice(0, 3)
      .map(address => ({
        severity: 'warning',
        where: { part: 'html', quote: quoted(address) },
        reason: 'Fetching it tells a server who reads, and programs that do not fetch show a gap or a warning.',
        better: 'Do without, or put a small image into the mail itself.',
      }))
  },
}
