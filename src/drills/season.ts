import { hourOfWeek, hoursOfWeek } from '../std/instant.ts'

// The shape of a consumer service seen from UTC: quiet at night, a hump over midday, the height in the evening; a little less at weekends.
const day = [
  0.45, 0.36, 0.3, 0.28, 0.3, 0.38, 0.55, 0.78, 1.0, 1.14, 1.2, 1.24, 1.26, 1.24, 1.22, 1.24, 1.28, 1.36, 1.46, 1.5,
  1.44, 1.24, 0.94, 0.66,
]
const week = [1.08, 1.05, 1.04, 1.03, 1.0, 0.88, 0.92]

const shape = week.flatMap(weekday => day.map(hour => weekday * hour))
const mean = shape.reduce((sum, value) => sum + value, 0) / hoursOfWeek

/** By how much each hour of the week is busier than the mean of the week; their mean is 1. */
export const season: readonly number[] = shape.map(value => value / mean)

export const seasonAt = (ms: number): number => season[hourOfWeek(ms)]!
