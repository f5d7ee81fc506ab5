import { describe, expect, it } from 'vitest'
import { agentsShare, bitOf, featureModels, features, networksShare, rateShare } from './features.ts'

describe('the features', () => {
  it('share the evidence: all shares are 1 together', () => {
    const sum = features.reduce((total, feature) => total + featureModels[feature].share, 0)
    expect(sum + rateShare + agentsShare + networksShare).toBeCloseTo(1, 12)
  })

  it('have bits that stay: the order is part of the snapshot', () => {
    expect(features.map(bitOf)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
    expect(features[0]).toBe('causeless')
    expect(features[10]).toBe('reported')
  })

  it.each(features)('%s is learnt between its floor and 1', feature => {
    const { usual, floor, share } = featureModels[feature]
    expect(floor).toBeGreaterThan(0)
    expect(usual).toBeGreaterThanOrEqual(floor)
    expect(usual).toBeLessThan(0.99)
    expect(share).toBeGreaterThan(0)
  })

  it('that may enforce from the first day are these', () => {
    expect(features.filter(feature => featureModels[feature].firm)).toEqual([
      'causeless',
      'unseen-template',
      'test-material',
      'wrong-recipient',
    ])
  })
})
