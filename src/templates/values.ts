import { parseInstant } from '../std/instant.ts'
import { parseMailbox } from '../std/mailbox.ts'
import { characterFault } from './characters.ts'
import type { Slot, SlotType } from './definition.ts'

// Whether what a message puts into a slot fits it.

/** A whole address of the web: scheme, host, port, and only characters that RFC 3986 has. No user information. */
const webAddress =
  /^(https?):\/\/([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?#][A-Za-z0-9._~:/?#@!$&'()*+,;=%[\]-]*)?$/

const loopback = /^(?:localhost|127\.0\.0\.1|\[::1\])$/i

/** The host of an https address, in small letters; of http where it leads to this machine. */
export function hostOf(value: string): string | undefined {
  const [, scheme, host] = webAddress.exec(value) ?? []
  if (host === undefined || (scheme === 'http' && !loopback.test(host))) return undefined
  return host.toLowerCase()
}

const number = /^[+-]?[0-9]{1,15}(?:[.,][0-9]{1,9})?$/

export type Allows = (host: string) => boolean

const forms: Partial<Record<SlotType, (value: string, allows: Allows | undefined) => boolean>> = {
  url: (value, allows) => {
    const host = hostOf(value)
    return host !== undefined && (allows?.(host) ?? true)
  },
  address: value => parseMailbox(value).ok,
  time: value => parseInstant(value) !== undefined,
  number: value => number.test(value),
}

const wanted: Partial<Record<SlotType, string>> = {
  url: 'is no https address',
  address: 'is no mail address',
  time: 'is no time as RFC 3339 has it, such as 2026-01-31T09:00:00Z',
  number: 'is no number',
}

/** Why a value does not fit, in words that do not repeat it; `undefined` when it does. */
export function misfit(value: string, slot: Slot, allows?: Allows): string | undefined {
  if (value === '') return slot.required ? 'is empty' : undefined
  if (!(forms[slot.type]?.(value, undefined) ?? true)) return wanted[slot.type]
  const fault = characterFault(value, slot)
  if (fault === 'too-long') return `has more than ${slot.charsMax} characters`
  if (fault !== undefined) return `has characters other than ${slot.characters}`
  return (forms[slot.type]?.(value, allows) ?? true) ? undefined : 'leads to a host that is not allowed'
}

export function fits(value: string, slot: Slot, allows?: Allows): boolean {
  if (value === '') return !slot.required
  return characterFault(value, slot) === undefined && (forms[slot.type]?.(value, allows) ?? true)
}
