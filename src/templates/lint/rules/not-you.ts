import { guidanceRule, isOf } from './guidance.ts'

export const notYou = guidanceRule(
  {
    name: 'not-you',
    about: 'nothing for those who did not do it',
    reason: 'Who did not cause this needs to know what to do now, and whether anything is wrong at all.',
  },
  'notYou',
  isOf('password-reset', 'sign-in-alert', 'credential-changed', 'recovery-changed', 'activity-review'),
)
