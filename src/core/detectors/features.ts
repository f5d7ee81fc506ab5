/**
 * What is tested of each message as a Bernoulli trial: x = 1 is what a wrongful send makes frequent and ordinary mail hardly ever shows.
 * The order is the number of the bit in an observation's masks, and part of the snapshot's form: new ones go to the end.
 */
export const features = [
  'causeless',
  'repeated-recipient',
  'unseen-template',
  'test-material',
  'wrong-recipient',
  'old-cause',
  'unknown-account',
  'new-network',
  'in-order',
  'unfinished',
  'reported',
] as const

export type Feature = (typeof features)[number]

/** Everything that can raise an alarm. */
export type Detector = Feature | 'rate' | 'agents' | 'networks'

export const bitOf = (feature: Feature): number => 1 << features.indexOf(feature)

export type FeatureModel = {
  /** p̄ before the stream has a history: an upper bound of the probability of x = 1 while all is well. */
  usual: number
  /** p̄ is never learnt below this. A stream cannot show that something is rarer than one in as many messages as it remembers. */
  floor: number
  /** π in the mixture. A share costs ln(1/π) nats: a fourth of it costs hardly a message, a hundredth about one. */
  share: number
  /** May enforce from the first day; the others warn until the history has been back-tested. */
  firm: boolean
  /** It is far from steady by itself: only a share near 1 is tested for. */
  swings?: true
}

/** The shares of these, of `rate`, `agents` and `networks` sum to 1. */
export const featureModels: Record<Feature, FeatureModel> = {
  causeless: { usual: 1e-3, floor: 5e-4, share: 0.25, firm: true },
  // People do ask twice: this one counts a message without a cause of its own, to somebody who got one in the lane within the last hour or two.
  'repeated-recipient': { usual: 0.1, floor: 0.02, share: 0.07, firm: false, swings: true },
  'unseen-template': { usual: 1e-3, floor: 5e-4, share: 0.06, firm: true },
  'test-material': { usual: 1e-3, floor: 5e-4, share: 0.06, firm: true },
  'wrong-recipient': { usual: 1e-3, floor: 5e-4, share: 0.06, firm: true },
  'old-cause': { usual: 0.02, floor: 0.005, share: 0.03, firm: false },
  // Typing errors, and people who forgot which address they registered.
  'unknown-account': { usual: 0.25, floor: 0.05, share: 0.04, firm: false },
  // Where nobody was seen before everything is new: the test begins as good as blind, and sees what is rare once it has learnt it.
  'new-network': { usual: 0.98, floor: 0.1, share: 0.04, firm: false },
  // Of two accounts without order the second is the higher one half of the time.
  'in-order': { usual: 0.5, floor: 0.1, share: 0.04, firm: false },
  unfinished: { usual: 0.6, floor: 0.2, share: 0.05, firm: false },
  reported: { usual: 5e-3, floor: 1e-3, share: 0.05, firm: false },
}

export const rateShare = 0.2
export const agentsShare = 0.025
export const networksShare = 0.025
