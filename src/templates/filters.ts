import { parseInstant } from '../std/instant.ts'
import type { Filter } from './compiled.ts'

// What may be done to a value on its way into a text.

export function applied(value: string, filter: Filter, locale: string): string {
  switch (filter.name) {
    case 'default':
      return value === '' ? filter.value : value
    case 'truncate':
      return truncated(value, filter.charsMax)
    case 'date':
      return dateText(value, filter, locale)
    case 'upcase':
      return value.toUpperCase()
    case 'downcase':
      return value.toLowerCase()
    case 'capitalize': {
      const [first = ''] = value
      return first.toUpperCase() + value.slice(first.length)
    }
    case 'strip':
      return value.trim()
  }
}

function truncated(value: string, charsMax: number): string {
  if (value.length <= charsMax) return value
  const chars = [...value]
  return chars.length <= charsMax ? value : `${chars.slice(0, charsMax - 1).join('')}…`
}

const directive = /%(.)/gs
const known = 'YmdeHMSzZxX%'

export function dateFormatFault(format: string): string | undefined {
  for (const [whole, letter] of format.matchAll(directive))
    if (!known.includes(letter!)) return `${whole} is not among ${[...known].map(one => `%${one}`).join(' ')}`
  return format.endsWith('%') && !format.endsWith('%%') ? 'a % stands at its end' : undefined
}

const offsetForm = /(?:([Zz])|([+-])(\d\d):(\d\d))$/

/** Minutes east of UTC that an offset, or the one at the end of an RFC 3339 date-time, says. */
export function offsetOf(text: string): number | undefined {
  const [, utc, sign, hours, minutes] = offsetForm.exec(text) ?? []
  if (utc !== undefined) return 0
  if (sign === undefined || Number(hours) > 14 || Number(minutes) > 59) return undefined
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}

/** What is no time stays as it is: that it does not fit its slot is said elsewhere. */
function dateText(value: string, { format, offsetMin }: Extract<Filter, { name: 'date' }>, locale: string): string {
  const instant = parseInstant(value)
  const offset = offsetMin ?? offsetOf(value)
  if (instant === undefined || offset === undefined) return value
  const local = new Date(instant + offset * 60_000)
  const iso = local.toISOString()
  return format.replace(directive, (_, letter: string) => {
    switch (letter) {
      case 'Y':
        return iso.slice(0, 4)
      case 'm':
        return iso.slice(5, 7)
      case 'd':
        return iso.slice(8, 10)
      case 'e':
        return String(local.getUTCDate())
      case 'H':
        return iso.slice(11, 13)
      case 'M':
        return iso.slice(14, 16)
      case 'S':
        return iso.slice(17, 19)
      case 'z':
        return offsetText(offset)
      case 'Z':
        return offset === 0 ? 'UTC' : `UTC${offsetText(offset)}`
      case 'x':
        return formatsOf(locale).date.format(local)
      case 'X':
        return formatsOf(locale).time.format(local)
      default:
        return letter
    }
  })
}

function offsetText(minutes: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

type Formats = { date: Intl.DateTimeFormat; time: Intl.DateTimeFormat }
const formats = new Map<string, Formats>()

/** Making one takes some 50 µs, using it one. They are as many as templates have languages. */
function formatsOf(locale: string): Formats {
  let made = formats.get(locale)
  if (!made) {
    const form = (options: Intl.DateTimeFormatOptions) =>
      new Intl.DateTimeFormat([locale, 'en'], { ...options, timeZone: 'UTC' })
    made = { date: form({ dateStyle: 'long' }), time: form({ timeStyle: 'short' }) }
    formats.set(locale, made)
  }
  return made
}
