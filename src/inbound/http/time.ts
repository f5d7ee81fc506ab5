// RFC 3339 §5.6, and nothing that `Date.parse` guesses beyond it.
const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/

const daysInMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

const daysIn400YearsMs = 146_097 * 86_400_000

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && leap ? 29 : daysInMonth[month - 1]!
}

/** The instant in ms of an RFC 3339 date-time; `undefined` when it is none. A leap second counts as the second after it. */
export function parseInstant(text: string): number | undefined {
  const parts = rfc3339.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const ms = Math.floor(Number(`0.${parts[7] ?? '0'}`) * 1000)
  const offsetHour = Number(parts[9] ?? 0)
  const offsetMinute = Number(parts[10] ?? 0)
  if (offsetHour > 23 || offsetMinute > 59) return undefined
  const offset = (parts[8] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute) * 60_000
  // `Date.UTC` takes years below 100 for those of the last century: 400 years are always as many days.
  return Date.UTC(year + 400, month - 1, day, hour, minute, second, ms) - daysIn400YearsMs - offset
}

export const instantText = (at: number): string => new Date(at).toISOString()
