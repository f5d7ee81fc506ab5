import type { Rule } from '../finding.ts'

export const language: Rule = {
  name: 'language',
  about: 'HTML that does not say its language',
  look: ({ page, language: wanted }) => {
    if (!page) return []
    const said = page.language?.split('-')[0]?.toLowerCase()
    if (said !== undefined && said !== '' && (wanted === undefined || said === wanted || said === 'und')) return []
    return [
      {
        severity: 'warning',
        where: { part: 'html', quote: page.language === undefined ? '<html>' : `lang="${page.language}"` },
        reason:
          said === undefined || said === ''
            ? 'Screen readers need the language to pronounce the text.'
            : `It says ${said} and is written in ${wanted}: screen readers pronounce it wrongly.`,
        better: `Write <html lang="${wanted ?? 'en'}">.`,
      },
    ]
  },
}
