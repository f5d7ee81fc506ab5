// What `decide` measures: the core's decide and fold, over a state that has seen a number of mailboxes. Every message is new, to a class
// that needs no cause, and is delivered; each brings what makes a repeat, as every SMTP mail does.
import type { Command } from '../src/core/commands.ts'
import type { MessageFacts, MessageId } from '../src/core/events.ts'
import { hourOf } from '../src/core/leases.ts'
import { freshPolicy, type Policy } from '../src/core/policy.ts'
import { newState } from '../src/core/state.ts'
import { step } from '../src/core/step.ts'
import { type Hash64, hash64 } from '../src/std/hash64.ts'

export interface Subject {
  /** Makes one request to each mailbox, by number. Not measured: parsing and hashing are the shell's. */
  prepare: (mailboxes: Uint32Array) => void
  /** Decides what was prepared and folds it: what is measured. */
  decide: () => void
  /** The world takes what was decided. */
  settle: () => void
}

const startedAt = Date.UTC(2026, 10, 2, 10)
const messagesPerMs = 200
const capMax = 65_000
const budget = 1e12

function openPolicy(): Policy {
  const policy = freshPolicy()
  const wide = { perHour: capMax, perDay: capMax }
  policy.caps = { reserved: wide, open: wide, system: wide, campaign: wide }
  policy.classes.other!.budgetPerHour.open = budget
  policy.deliversLocally = false
  // Mailboxes are written to again and again here, which is what detectors look for: they look, and stop nothing.
  policy.detection = { ...policy.detection, softDays: 1e15, hardDays: 1e15 }
  return policy
}

export function coreSubject(): Subject {
  const state = newState()
  let position = 0
  let messages = 0
  let now = startedAt
  let requests: Command[] = []
  let ids: MessageId[] = []
  const perform = (command: Command) => step(state, command, { position: ++position, at: now }).answer
  perform({ type: 'ApplyPolicy', hash: 'bench', policy: openPolicy(), by: 'config' })
  let grant = 0
  let leasedHour = -1

  function leaseHour() {
    if (hourOf(now) === leasedHour) return
    leasedHour = hourOf(now)
    const lease = {
      class: 'other',
      lane: 'open',
      hour: leasedHour,
      messages: budget,
      epoch: 1,
      grant: ++grant,
    } as const
    perform({ type: 'GrantLease', lease })
  }

  return {
    prepare: mailboxes => {
      now = startedAt + Math.floor(messages / messagesPerMs)
      leaseHour()
      const facts = Array.from(mailboxes, mailbox => request(mailbox, ++messages, now))
      ids = facts.map(({ id }) => id)
      requests = facts.map(message => ({ type: 'RequestMessage', message }))
    },
    decide: () => {
      for (const command of requests) {
        const answer = perform(command)
        if (answer.type !== 'decided' || answer.outcome !== 'deliver')
          throw new Error(`a message of this benchmark is delivered, but the core said ${JSON.stringify(answer)}`)
      }
    },
    settle: () => {
      for (const id of ids)
        perform({ type: 'RecordHandover', id, handover: 'accepted', upstream: 'sink', reply: '250' })
    },
  }
}

function request(mailbox: number, message: number, now: number): MessageFacts {
  const address = spread(mailbox, 1)
  return {
    id: idOf(message, now),
    application: 'bench',
    class: 'other',
    mailbox: spread(mailbox, 2),
    address,
    repeat: { key: spread(message, 3), content: spread(message, 4) },
    bytes: 4_096,
    commitment: 'q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k',
    sealed: { offset: 0, length: 4_096, page: 0, slot: 0 },
    via: 'smtp',
  }
}

/** Stands in for the keyed hash of the shell: distinct for distinct numbers, and spread evenly. */
function spread(number: number, salt: number): Hash64 {
  let high = Math.imul(number ^ (salt * 0x9e3779b9), 0x85ebca6b)
  high = Math.imul(high ^ (high >>> 15), 0xc2b2ae35)
  const low = Math.imul((number + salt) ^ (high >>> 13), 0x27d4eb2f)
  return hash64((high ^ (high >>> 16)) >>> 0, (low ^ (low >>> 15)) >>> 0)
}

/** A UUIDv7 (RFC 9562 §5.7) with a counter in place of the random bits. */
function idOf(message: number, now: number): MessageId {
  const time = now.toString(16).padStart(12, '0')
  const tail = message.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}` as MessageId
}
