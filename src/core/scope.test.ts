import { expect, it } from 'vitest'
import { covers, isSameScope, type Scope, scopeOf, templateIn } from './scope.ts'

const place = { class: 'password-reset', lane: 'open', source: '/web', template: 'reset' } as const

it.each<[Scope, boolean]>([
  [{ class: 'password-reset' }, true],
  [{ class: 'other' }, false],
  [{ class: 'password-reset', lane: 'open' }, true],
  [{ class: 'password-reset', lane: 'reserved' }, false],
  [{ class: 'password-reset', source: '/web' }, true],
  [{ class: 'password-reset', source: '' }, false],
  [{ class: 'password-reset', template: 'reset' }, true],
  [{ class: 'password-reset', template: '' }, false],
  [place, true],
])('%j covers the place: %s', (scope, expected) => {
  expect(covers(scope, place)).toBe(expected)
})

it('tells a part that is absent from one that is empty', () => {
  expect(isSameScope({ class: 'other' }, { class: 'other', source: '' })).toBe(false)
  expect(isSameScope(place, { ...place })).toBe(true)
})

it('takes the scope out of more', () => {
  const more = { class: 'other', lane: 'open', by: 'ann', reason: 'drill' } as const
  expect(scopeOf(more)).toEqual({ class: 'other', lane: 'open' })
})

it.each([
  ['no template', {}, ''],
  ['a template that the message names', { template: { name: 'reset' } }, 'reset'],
  ['a look that was learnt', { template: { name: 'learnt:shop:other:1', learnt: true as const } }, ''],
])('%s has its place', (_, facts, template) => {
  expect(templateIn(facts)).toBe(template)
})
