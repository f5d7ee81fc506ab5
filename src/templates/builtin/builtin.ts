import type { TemplateInput } from '../definition.ts'

/**
 * The templates that a fresh installation has, under the names of their classes. A changed one is a new version: an installation that has the
 * old one gets it as a draft in review.
 */
export const builtInTemplates: readonly TemplateInput[] = []
