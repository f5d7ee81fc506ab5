import type { Finding, Rule } from './finding.ts'
import { type LintSubject, mailOf } from './mail.ts'
import { activeContent } from './rules/active-content.ts'
import { capitals } from './rules/capitals.ts'
import { contrast } from './rules/contrast.ts'
import { exclamation } from './rules/exclamation.ts'
import { fear } from './rules/fear.ts'
import { greeting } from './rules/greeting.ts'
import { hiddenText } from './rules/hidden-text.ts'
import { imageAlt } from './rules/image-alt.ts'
import { imagesOnly } from './rules/images-only.ts'
import { language } from './rules/language.ts'
import { linkForm } from './rules/link-form.ts'
import { linkHost } from './rules/link-host.ts'
import { linkShortener } from './rules/link-shortener.ts'
import { linkText } from './rules/link-text.ts'
import { lookAlike } from './rules/look-alike.ts'
import { notYou } from './rules/not-you.ts'
import { place } from './rules/place.ts'
import { readability } from './rules/readability.ts'
import { reason } from './rules/reason.ts'
import { remoteContent } from './rules/remote-content.ts'
import { secrets } from './rules/secrets.ts'
import { testText } from './rules/test-text.ts'
import { textDiffers } from './rules/text-differs.ts'
import { textMissing } from './rules/text-missing.ts'
import { time } from './rules/time.ts'
import { tinyText } from './rules/tiny-text.ts'
import { trackingPixel } from './rules/tracking-pixel.ts'
import { unsubscribe } from './rules/unsubscribe.ts'
import { unsubstituted } from './rules/unsubstituted.ts'
import { urgency } from './rules/urgency.ts'
import { withoutLink } from './rules/without-link.ts'
import { oncePerQuote } from './rules/wording.ts'

export type { Finding, Rule, Severity, Where } from './finding.ts'
export type { LintSubject } from './mail.ts'
export { lintLanguages } from './words/words.ts'

/** In the order in which people read a mail: what it says, what it lacks, where it leads, how it looks. */
export const rules: readonly Rule[] = [
  urgency,
  fear,
  capitals,
  exclamation,
  greeting,
  readability,
  secrets,
  unsubstituted,
  testText,
  reason,
  time,
  place,
  notYou,
  withoutLink,
  unsubscribe,
  linkText,
  linkHost,
  linkShortener,
  linkForm,
  lookAlike,
  textMissing,
  textDiffers,
  imagesOnly,
  imageAlt,
  hiddenText,
  tinyText,
  contrast,
  language,
  activeContent,
  trackingPixel,
  remoteContent,
]

/**
 * What would make a mail look like an imitation, frighten its reader, or leave them without a way: each finding once, with its reason and a
 * better wording. Never throws, and looks at the first 100 KB of text and 1 MB of HTML only. Of languages without word lists (`lintLanguages`) only what does not hang on words is looked at.
 */
export function lint(subject: LintSubject): Finding[] {
  const mail = mailOf(subject)
  return oncePerQuote(rules.flatMap(({ name, look }) => look(mail).map(remark => ({ rule: name, ...remark }))))
}
