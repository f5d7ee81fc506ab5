import { guidanceRule } from './guidance.ts'

export const reason = guidanceRule(
  {
    name: 'reason',
    about: 'nothing about why it was sent',
    reason: 'A security message without its cause looks like an imitation, and like an error.',
  },
  'reason',
  mail => mail.isSecurity,
)
