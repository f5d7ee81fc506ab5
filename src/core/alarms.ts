import type { MessageId } from './events.ts'
import type { Place } from './scope.ts'

/**
 * Who noticed, a test over a stream of messages or an exact watch of its own, with the sentence that people read. `docs/errors.md` lists them; a
 * test keeps the two together.
 */
export const alarmTexts = {
  causeless: 'Messages go out that no reported event explains.',
  'repeated-recipient': 'The same people get a message of this class again and again.',
  'unseen-template': 'Messages come from a template that this class has hardly ever used.',
  'test-material': 'Messages look like material from a test.',
  'wrong-recipient': 'Messages name other people, or go to addresses that are not those of their accounts.',
  'old-cause': 'Messages are caused by events that are unusually old.',
  'unknown-account': 'Messages are asked for accounts that do not exist.',
  'new-network': 'Requests come from networks that were never seen before.',
  'in-order': 'Recipients come in the order of a list.',
  unfinished: 'Hardly anybody goes on with what the messages offer.',
  reported: 'People report messages that they did not ask for.',
  late: 'Messages arrive later than they usually do.',
  rate: 'Far more messages are asked for than is usual at this time.',
  missing: 'No messages are asked for, where at this time there usually are.',
  agents: 'The mixture of programs that ask is unusual.',
  networks: 'The mixture of networks that ask is unusual.',
  'requester-concentrated': 'One network asks for far more than its usual share.',
  'content-found': 'Messages show what does not belong there: links, markup, addresses of others, marks of a test.',
  'template-changed': 'Mails of a sender do not look like what people have approved of it.',
  'recipient-concentrated': 'A few recipients get far more than the others.',
  'class-silent': 'Events call for messages of this class, and none are asked for.',
  'domain-changed': 'A DNS record that says who sends for a domain has changed.',
  'own-brake': 'Tocsin does not trust its own brake: what was delivered does not agree with what was allowed.',
} as const

export type AlarmSource = keyof typeof alarmTexts

/** `soft`: messages wait some seconds. `hard`: a breaker opened. `notice`: people are told, nothing is held. */
export const alarmLevels = ['soft', 'hard', 'notice'] as const
export type AlarmLevel = (typeof alarmLevels)[number]

/** What was noticed, with what it rests on: the numbers in plain words, and the messages by id (at most `alarmMessagesMax`). */
export type Alarm = Place & {
  /** In order of being raised, from 1. */
  id: number
  level: AlarmLevel
  detector: AlarmSource
  numbers: Record<string, number>
  messages: MessageId[]
  /** What has changed, where that is no message: DNS records, which everybody can read. */
  change?: RecordChange
}

/** The records of one name and type: their values before and after, sorted, none where there were none. At most `changeValuesMax` of each. */
export type RecordChange = { domain: string; name: string; type: string; before: string[]; after: string[] }

export const changeValuesMax = 10
export const changeLengthMax = 1000

export const alarmMessagesMax = 8
