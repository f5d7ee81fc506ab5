import { guidanceRule, isOf } from './guidance.ts'

/** An address of a network, a device or a browser, or a place with a capital behind a small preposition. */
const addressOrPlace =
  /(?<!\p{L})(?:Firefox|Chrome|Safari|Edge|Opera|Windows|macOS|Mac|Linux|Ubuntu|Android|iPhone|iPad|iOS|Chromebook)(?!\p{L})|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[\da-f]{1,4}(?::[\da-f]{0,4}){3,7}|(?<!\p{L})(?:in|from|bei|aus|en|desde) \p{Lu}\p{L}{2,}/u

export const place = guidanceRule(
  {
    name: 'place',
    about: 'nothing about where it was done',
    reason: 'A place, a device or a network tells people whether it was they themselves.',
  },
  'place',
  isOf('password-reset', 'sign-in-alert', 'credential-changed', 'recovery-changed'),
  addressOrPlace,
)
