import type { Rule } from '../finding.ts'

export const activeContent: Rule = {
  name: 'active-content',
  about: 'scripts, forms or frames',
  look: ({ page }) =>
    (page?.active ?? []).map(quote => ({
      severity: 'error',
      where: { part: 'html', quote },
      reason: 'Mail programs remove it or warn of it, and a form in a mail is where imitations collect passwords.',
      better: 'Lead to a page of yours, or say where in the app it is done.',
    })),
}
