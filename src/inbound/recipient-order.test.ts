import { describe, expect, it } from 'vitest'
import { RecipientOrder } from './recipient-order.ts'

describe('the order of recipients', () => {
  it('is told for each application and class apart', () => {
    const order = new RecipientOrder()
    const next = (address: string, application = 'a', name = 'c') => order.next(application, name, address)
    expect(['b', 'c', 'c', 'a', 'b'].map(address => next(address))).toEqual([undefined, true, false, false, true])
    expect([next('a', 'a', 'd'), next('a', 'b'), next('z', 'a', 'd')]).toEqual([undefined, undefined, true])
    expect(next('c')).toBe(true)
  })

  it('forgets the oldest stream when there are too many', () => {
    const order = new RecipientOrder()
    for (let i = 0; i < 1025; i++) order.next('a', `${i}`, 'a')
    expect([order.next('a', '1024', 'b'), order.next('a', '0', 'b')]).toEqual([true, undefined])
  })
})
