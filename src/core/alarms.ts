import type { MessageId } from './events.ts'
import type { Place } from './scope.ts'

/** Who noticed: a test over a stream of messages, or an exact watch of its own. */
export type AlarmSource =
  | 'causeless'
  | 'repeated-recipient'
  | 'unseen-template'
  | 'test-material'
  | 'wrong-recipient'
  | 'old-cause'
  | 'unknown-account'
  | 'new-network'
  | 'in-order'
  | 'unfinished'
  | 'reported'
  | 'late'
  | 'rate'
  | 'missing'
  | 'agents'
  | 'networks'
  | 'requester-concentrated'
  | 'recipient-concentrated'
  | 'class-silent'
  | 'own-brake'

/** `soft`: messages wait some seconds. `hard`: a breaker opened. `notice`: people are told, nothing is held. */
export type AlarmLevel = 'soft' | 'hard' | 'notice'

/** What was noticed, with what it rests on: the numbers in plain words, and the messages by id (at most `alarmMessagesMax`). */
export type Alarm = Place & {
  /** In order of being raised, from 1. */
  id: number
  level: AlarmLevel
  detector: AlarmSource
  numbers: Record<string, number>
  messages: MessageId[]
}

export const alarmMessagesMax = 8
