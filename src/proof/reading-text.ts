import { Buffer } from 'node:buffer'

// A text as its reader has it before the eyes: what cannot be seen is gone, and what only looks like an ASCII letter is one.

const invisible = /\p{Default_Ignorable_Code_Point}/gu

/** Every other sign takes more bytes of UTF-8 than units of UTF-16. The library counts them a vector at a time, a pattern goes unit by unit. */
export const isOnlyAscii = (text: string): boolean => Buffer.byteLength(text, 'utf8') === text.length

/** Fullwidth letters, ligatures and the like become what they stand for (NFKC); an ideographic full stop between ASCII letters is a dot. */
export function seen(text: string): string {
  if (isOnlyAscii(text)) return text
  return text
    .replace(invisible, '')
    .normalize('NFKC')
    .replace(/(?<=[a-z0-9])\u3002(?=[a-z0-9])/gi, '.')
}

/** Percent-encoding taken off, twice, for links are encoded within links. What is malformed stays. */
export function percentDecoded(text: string): string {
  if (!text.includes('%')) return text
  const once = decodedOnce(text)
  return once.includes('%') ? decodedOnce(once) : once
}

function decodedOnce(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
}
