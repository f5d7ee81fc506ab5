import { describe, expect, it } from 'vitest'
import { RecipientOrder } from './recipient-order.ts'

describe('the order of recipients', () => {
  it('is told for each application and class apart', () => {
    const order = new RecipientOrder()
    const next = (address: string, application = 'a', name = 'c') => order.next(application, name, address)
    expect(['b', 'c', 'a', 'd', 'b'].map(address => next(address))).toEqual([undefined, true, false, true, undefined])
    expect([next('a', 'a', 'd'), next('a', 'b'), next('z', 'a', 'd')]).toEqual([undefined, undefined, true])
    expect(next('e')).toBe(true)
  })

  it('is not bent by one address that comes again and again', () => {
    const order = new RecipientOrder()
    const told = Array.from({ length: 400 }, (_, n) => {
      order.next('a', 'c', 'aaa')
      return order.next('a', 'c', `m${(n * 7919) % 1000}`)
    }).filter(inOrder => inOrder !== undefined)
    expect(told.filter(Boolean).length / told.length).toBeLessThan(0.6)
  })

  it('forgets the oldest stream when there are too many', () => {
    const order = new RecipientOrder()
    for (let i = 0; i < 1025; i++) order.next('a', `${i}`, 'a')
    expect([order.next('a', '1024', 'b'), order.next('a', '0', 'b')]).toEqual([true, undefined])
  })
})
