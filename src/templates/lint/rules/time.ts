import { guidanceRule } from './guidance.ts'

const months =
  'jan(?:uary|uar|\\.)?|january|february|februar|feb|march|mar|märz|april|apr|may|mai|june|juni|jun|july|juli|jul|august|aug|september|sept?|october|oktober|oct|okt|november|nov|december|dezember|dec|dez|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre'

/** A time of day, a date in digits, or a day beside the name of a month. */
const clockOrDate = new RegExp(
  `\\b\\d{1,2}[:h]\\d{2}\\b|\\b\\d{4}-\\d{2}-\\d{2}\\b|\\b\\d{1,2}[./]\\d{1,2}[./]\\d{2,4}\\b|\\b\\d{1,2}(?:st|nd|rd|th|\\.)?(?: de| of)? (?:${months})(?!\\p{L})|(?<!\\p{L})(?:${months})\\.? \\d{1,2}\\b|\\b\\d{1,2} ?(?:am|pm|a\\.m\\.|p\\.m\\.|uhr)(?!\\p{L})`,
  'iu',
)

export const time = guidanceRule(
  {
    name: 'time',
    about: 'nothing about when it happened',
    reason: 'By the time people know at once whether it was they themselves.',
  },
  'time',
  mail => mail.isSecurity,
  clockOrDate,
)
