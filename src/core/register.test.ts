import { describe, expect, it } from 'vitest'
import { Core } from '../../test/core.ts'
import { newRegisterBook, seal } from './register.ts'

describe('a seal', () => {
  it.each([
    [0, 256, 256],
    [1, 255, 256],
    [255, 1, 256],
    [256, 256, 512],
    [1000, 24, 1024],
  ])('of a log with %i leaves adds %i and makes %i', (leaves, padding, size) => {
    expect(seal({ ...newRegisterBook(), leaves }, 's')).toEqual({ type: 'RegisterSealed', size, padding, salt: 's' })
  })
})

describe('the register’s log', () => {
  it('has a leaf for every decision, whatever the outcome, and goes on behind a seal', () => {
    const core = new Core()
    core.send({ class: 'other' })
    core.send({ class: 'password-reset' })
    core.send({ class: 'other', environment: 'staging' })
    const decided = core.events.filter(({ type }) => type === 'MessageDecided')
    expect(core.state.register).toEqual({ leaves: decided.length, sealedAt: 0 })
    core.do({ type: 'SealRegister', salt: 's' })
    expect(core.events.at(-1)).toEqual({ type: 'RegisterSealed', size: 256, padding: 256 - decided.length, salt: 's' })
    expect(core.state.register).toEqual({ leaves: 256, sealedAt: core.at })
    core.send({ class: 'other', to: 'somebody@example.org' })
    expect(core.state.register.leaves).toBe(257)
  })

  it('has none for a request that was decided before', () => {
    const core = new Core()
    core.send({ class: 'other', key: 'k' })
    const { leaves } = core.state.register
    core.send({ class: 'other', key: 'k' })
    expect(core.state.register.leaves).toBe(leaves)
  })
})
