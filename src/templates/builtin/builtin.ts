import type { TemplateInput } from '../definition.ts'
import { breachNotice } from './breach-notice.ts'
import { correction } from './correction.ts'
import { credentialChanged } from './credential-changed.ts'
import { incidentUpdate } from './incident-update.ts'
import { passwordReset } from './password-reset.ts'
import { recoveryChanged } from './recovery-changed.ts'
import { signInAlert } from './sign-in-alert.ts'

/**
 * The templates that a fresh installation has, under the names of their classes, in English, German and Spanish. A changed one is a new
 * version: an installation that has the old one gets it as a draft in review.
 */
export const builtInTemplates: readonly TemplateInput[] = [
  passwordReset,
  signInAlert,
  credentialChanged,
  recoveryChanged,
  breachNotice,
  incidentUpdate,
  correction,
]
