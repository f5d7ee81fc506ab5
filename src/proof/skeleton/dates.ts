// What looks like an instant differs from mail to mail, but not on the day on which a template is learnt: without knowing instants, every look
// would change at midnight. Names of months and weekdays come from the platform's locale data.

const languages =
  'en de fr es it pt nl pl cs sk sv da nb fi hu ro bg uk ru el tr ar he fa hi id vi th ko ja zh hr sl lt lv et ca'.split(
    ' ',
  )

let names: Set<string> | undefined

/** Of months and days of the week, long and short, in lower case without a trailing dot. Made when first asked for: it takes tens of milliseconds. */
export function dateNames(): Set<string> {
  if (names) return names
  names = new Set()
  for (const language of languages)
    for (const style of ['long', 'short'] as const) {
      const locale = `${language}-u-ca-gregory`
      const months = new Intl.DateTimeFormat(locale, { month: style, day: 'numeric', timeZone: 'UTC' })
      const days = new Intl.DateTimeFormat(locale, { weekday: style, timeZone: 'UTC' })
      for (let i = 0; i < 12; i++) addNames(months.formatToParts(new Date(Date.UTC(2026, i, 15))), 'month')
      for (let i = 0; i < 7; i++) addNames(days.formatToParts(new Date(Date.UTC(2026, 0, 5 + i))), 'weekday')
    }
  return names
}

function addNames(parts: Intl.DateTimeFormatPart[], type: 'month' | 'weekday'): void {
  for (const part of parts) {
    const name = part.type === type ? part.value.toLowerCase().replace(/\.$/, '') : ''
    if (/\p{L}/u.test(name)) names!.add(name)
  }
}

/** What a word may be in an instant; 0 for what is none. */
export type DateRole = 0 | typeof dateNumber | typeof dateClock | typeof dateName | typeof dateJoin

export const dateNumber = 1
/** A time of day, or a whole date: alone it is an instant. */
export const dateClock = 2
export const dateName = 3
export const dateJoin = 4

const clock =
  /^(?:\p{Nd}{1,2}:\p{Nd}{2}(?::\p{Nd}{2})?|\p{Nd}{4}([-/.])\p{Nd}{1,2}\1\p{Nd}{1,2}|\p{Nd}{1,2}([-/.])\p{Nd}{1,2}\2(?:\p{Nd}{4}|\p{Nd}{2})|\p{Nd}{4}-\p{Nd}{2}-\p{Nd}{2}T.*|\p{Nd}{1,2}(?:am|pm|h\p{Nd}{0,2})|(?:19|20)\p{Nd}{2})$/iu
const small = /^\p{Nd}{1,2}(?:st|nd|rd|th|er|º|ª)?\.?$/iu
const year = /^\p{Nd}{4}$/u
const joins = new Set(
  ' |,|.|-|–|/|(|)|+|de|del|at|um|am|pm|a.m|p.m|à|a|den|the|of|o|uhr|utc|gmt|z|est|edt|cst|cdt|mst|mdt|pst|pdt|cet|cest|bst|ist|jst|eet|eest|msk|年|月|日|時|时|分|秒|년|월|일'.split(
    '|',
  ),
)
const marks = new Set('年月日時时분분년월일'.split(''))

/** `text` is a word, a number or a sign as the tokenizer cuts them. */
export function dateRole(text: string): DateRole {
  const first = text.charCodeAt(0)
  if (first < 128 && first !== 0x20 && !isAlphanumeric(first)) return joins.has(text) ? dateJoin : 0
  if (/^\p{Nd}/u.test(text)) {
    if (clock.test(text)) return dateClock
    return small.test(text) || year.test(text) ? dateNumber : 0
  }
  if (text.length > 20) return 0
  if (marks.has(text)) return dateName
  const word = text.toLowerCase()
  if (joins.has(word)) return dateJoin
  return dateNames().has(word) ? dateName : 0
}

const isAlphanumeric = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
