import { describe, expect, it } from 'vitest'
import { permuted } from './permutation.ts'

describe('a permutation', () => {
  it.each([1, 2, 3, 4, 5, 100, 1023, 1024, 1025, 65_537])('of %d has each once', count => {
    const places = new Set(Array.from({ length: count }, (_, i) => permuted(i, count, 7)))
    expect(places.size).toBe(count)
    expect(Math.max(...places)).toBe(count - 1)
  })

  it('has no order that a run test finds, and another key gives another', () => {
    const count = 100_000
    const places = Array.from({ length: 10_000 }, (_, i) => permuted(i, count, 7))
    const rising = places.filter((place, i) => i > 0 && place > places[i - 1]!).length
    // Of n independent draws about half rise, with a standard deviation of √(n / 12).
    expect(Math.abs(rising - 5000)).toBeLessThan(5 * Math.sqrt(10_000 / 12))
    const mean = places.reduce((sum, place) => sum + place, 0) / places.length
    expect(Math.abs(mean / count - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / 10_000))
    const same = places.filter((place, i) => place === permuted(i, count, 8)).length
    expect(same).toBeLessThan(5)
  })
})
