/** What a drill can be given. Every drill has defaults for all of them; where one means nothing to a drill, its `about` says so or it is unused. */
export type Parameters = {
  seed: number
  /** Messages of the incident if nothing stops it: wrongful ones, or legitimate where the drill has no wrongful ones. 0: the background alone. */
  size: number
  ramp: 'step' | 'linear' | 'exponential'
  /** Until the height, in a line or in six doublings. Unused with `step`. */
  rampMs: number
  /** Of the incident at its height: messages, or requests, sign-ins or reports where those are what it consists of. */
  perSecond: number
  /** Background messages of the drill's first class, mean over the week; each other class has half as many. */
  perMinute: number
  /** Size k of the negative binomial law of the background, per minute: variance m + m²/k. */
  dispersion: number
  /** Hour of the week at which the incident begins; 0 is Monday 00 UTC. */
  hour: number
  /** `hidden`: the application reports no causes and no sign of life of theirs, and its messages name none. */
  causes: 'reported' | 'hidden'
  /** Background before the onset. More where so little would give fewer than 40 messages of a class: causes are then known to come. */
  warmUpHours: number
  /** From how many networks an outsider acts. */
  networks: number
  /** Share of an outsider's requests that name no account there is, 0 to below 1. */
  unknownShare: number
}

export const parameterDefaults: Parameters = {
  seed: 1,
  size: 10_000,
  ramp: 'step',
  rampMs: 600_000,
  perSecond: 50,
  perMinute: 60,
  dispersion: 20,
  hour: 81,
  causes: 'reported',
  warmUpHours: 1,
  networks: 20,
  unknownShare: 0,
}
