import type { CharacterSet, Slot } from './definition.ts'

/**
 * One line of what is seen. Left out are controls, line and paragraph separators, halves of surrogate pairs, private use, the marks that turn
 * the direction of what follows (UAX #9 §2.1 and §2.2) and invisible tags (U+E0000–U+E007F). Joiners and variation selectors stay: Persian,
 * Indic scripts and emoji need them.
 */
const printable =
  /^[^\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]*$/u

const sets: Record<CharacterSet, RegExp> = {
  printable,
  ascii: /^[\x20-\x7e]*$/,
  digits: /^[0-9]*$/,
  code: /^[A-Za-z0-9-]*$/,
  token: /^[A-Za-z0-9._~-]*$/,
}

/** Why a value does not fit its slot by length or characters; `undefined` when it does. Control flags of England, Scotland and Wales are tags too: they do not. */
export function characterFault(
  value: string,
  { charsMax, characters }: Pick<Slot, 'charsMax' | 'characters'>,
): 'too-long' | 'characters' | undefined {
  if (value.length > charsMax && [...value].length > charsMax) return 'too-long'
  return sets[characters].test(value) ? undefined : 'characters'
}
