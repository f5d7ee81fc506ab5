import { quoted, type Rule } from '../finding.ts'

export const imageAlt: Rule = {
  name: 'image-alt',
  about: 'an image without a text in its place',
  look: ({ page }) =>
    (page?.images ?? [])
      .filter(({ alt, hidden }) => alt === undefined && !hidden)
      .map(({ src }) => ({
        severity: 'error',
        where: { part: 'html', quote: quoted(src) },
        reason: 'Screen readers read the name of the file aloud, and with images off a gap is left.',
        better: 'Give it alt="…" with what it says, or alt="" when it only decorates.',
      })),
}
