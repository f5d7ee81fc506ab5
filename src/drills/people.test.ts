import { describe, expect, it } from 'vitest'
import { parseMailbox } from '../std/mailbox.ts'
import { Random } from '../std/random.ts'
import { People } from './people.ts'

const count = 100_000
const people = new People(count)
const all = Array.from({ length: count }, (_, i) => people.at(i))

describe('people', () => {
  it('have an account and an address each, no two the same, on domains for examples', () => {
    expect(new Set(all.map(({ account }) => account)).size).toBe(count)
    expect(new Set(all.map(({ email }) => email)).size).toBe(count)
    const odd = all.filter(({ email }) => !parseMailbox(email).ok || !/@(\w+\.)?example\.(com|org|net)$/.test(email))
    expect(odd).toEqual([])
  })

  it('come in the order of their account ids, and from the start again', () => {
    const accounts = all.map(({ account }) => account)
    expect([...accounts].sort()).toEqual(accounts)
    expect(people.at(count + 3)).toEqual(people.at(3))
    const mails = all.slice(0, 100).map(({ email }) => email)
    expect([...mails].sort()).not.toEqual(mails)
  })

  it('shuffled are all of them once', () => {
    const shuffled = Array.from({ length: count }, (_, i) => people.shuffled(i).account)
    expect(new Set(shuffled).size).toBe(count)
    const rising = shuffled.slice(1, 1001).filter((account, i) => account > shuffled[i]!).length
    expect(rising).toBeGreaterThan(400)
    expect(rising).toBeLessThan(600)
  })

  it('of a list come in the order of their ids, each once', () => {
    const listed = Array.from({ length: 70_000 }, (_, i) => people.listed(i, 70_000).account)
    expect([...new Set(listed)].sort()).toEqual(listed)
  })

  it.each([50, 7618, 60_000])('alphabetical are in that order: %d', of => {
    const mails = Array.from({ length: of }, (_, i) => people.alphabetical(i, of))
    expect(mails.filter(({ email }, i) => i > 0 && email <= mails[i - 1]!.email)).toEqual([])
    expect(new Set(mails.map(({ account }) => account)).size).toBe(of)
    expect(mails.some(({ account }) => account === people.at(count - 1).account)).toBe(false)
  })

  it('any is one of them, by the draw', () => {
    const [one, again] = [people.any(new Random(5)), people.any(new Random(5))]
    expect(one).toEqual(again)
    expect(all).toContainEqual(one)
  })
})
