import type { Event, MessageFacts } from '../src/core/events.ts'
import { fits } from '../src/engine/content.ts'
import { decrypt } from '../src/engine/keyring.ts'
import { keyInPage } from '../src/engine/subjects.ts'
import { chainHash, genesisHash } from '../src/journal/chain.ts'
import type { MemoryStore } from '../src/journal/memory/journal.ts'
import { isSeal, leavesOf } from '../src/ledger/leaf.ts'
import { eventsOf } from './dump.ts'
import { keyring } from './host.ts'
import type { Accepted } from './provider.ts'
import { type Acknowledged, canary } from './sender.ts'

/** What the journals say of one message. */
export type Story = {
  facts: MessageFacts
  partition: number
  position: number
  causes: Set<string>
  ends: string[]
  /** It was to go at some time. */
  wasReady: boolean
}

export type Books = { stories: Map<string, Story> }

const ends = new Set([
  'MessageRejected',
  'MessageDiscarded',
  'MessageExpired',
  'MessageDelivered',
  'MessageUndeliverable',
])

/** Reads the journals as an auditor does, with none of the core's own folding. */
export function readBooks(store: MemoryStore, partitions: number): Books {
  const books: Books = { stories: new Map() }
  for (let partition = 0; partition < partitions; partition++)
    for (const { position, events } of store.partitions.get(partition)?.rows ?? [])
      for (const event of eventsOf({ events })) enter(books, event, { partition, position })
  return books
}

function enter(
  { stories }: Books,
  event: Event,
  { partition, position }: { partition: number; position: number },
): void {
  if (event.type === 'MessageDecided') {
    const { message: facts, outcome, cause, notice } = event
    const story: Story = {
      facts,
      partition,
      position,
      causes: new Set(cause && [cause]),
      ends: [],
      wasReady: outcome === 'deliver',
    }
    if (outcome === 'suppress' || outcome === 'reject' || outcome === 'expire') story.ends.push(outcome)
    if (stories.has(facts.id)) story.ends.push('decided twice')
    stories.set(facts.id, story)
    if (notice) {
      const about = { ...facts, id: notice, via: 'notice' as const }
      stories.set(notice, { facts: about, partition, position, causes: new Set(), ends: [], wasReady: true })
    }
    return
  }
  if (event.type === 'SubjectErased') for (const id of event.messages) stories.get(id)?.ends.push(event.type)
  if (!('id' in event)) return
  const story = stories.get(event.id)!
  if (event.type === 'MessageReleased') {
    story.wasReady = true
    if (event.cause) story.causes.add(event.cause)
  }
  if (ends.has(event.type)) story.ends.push(event.type)
}

/** 2. What was acknowledged is in the journal and has come to one end. */
export function everyAcknowledgedEnded({ stories }: Books, acknowledged: Acknowledged[]): string[] {
  const lost = acknowledged.filter(({ answer }) => !stories.has(answer.id)).map(({ answer }) => `${answer.id} is lost`)
  const open = [...stories].filter(([, { ends }]) => ends.length !== 1)
  return [...lost, ...open.map(([id, { ends }]) => `${id} has ${ends.length} ends: ${ends}`)]
}

/** 2 and 3. What the journal calls delivered was accepted, and nothing that was refused was. */
export function deliveriesAreTrue({ stories }: Books, accepted: Accepted[]): string[] {
  const taken = new Set(accepted.map(({ id }) => id))
  const wrong: string[] = []
  for (const [id, { ends, wasReady }] of stories) {
    if (ends[0] === 'MessageDelivered' && !taken.has(id)) wrong.push(`${id} was never delivered`)
    if (['suppress', 'reject', 'expire'].includes(ends[0]!) && taken.has(id))
      wrong.push(`${id} was delivered against its decision`)
    // What was ready, was recalled and then discarded may have left with a process that died; `#onBegin` watches that nothing leaves later.
    if (ends[0] === 'MessageDiscarded' && !wasReady && taken.has(id))
      wrong.push(`${id} was delivered against its decision`)
  }
  return wrong
}

/** 3. One cause, one message per class and recipient. */
export function causesJustifyOnce({ stories }: Books, accepted: Accepted[]): string[] {
  const taken = new Set(accepted.map(({ id }) => id))
  const justified = new Map<string, string>()
  const wrong: string[] = []
  for (const [id, { facts, causes }] of stories)
    for (const cause of taken.has(id) ? causes : []) {
      const use = `${cause}/${facts.class}/${facts.address}`
      if (justified.has(use)) wrong.push(`${id} and ${justified.get(use)} have one cause`)
      justified.set(use, id)
    }
  return wrong
}

/** 11. No byte of the journal tells a person; the chain holds; every content fits its commitment unless its key was erased. */
export function journalsKeepSecrets(store: MemoryStore): string[] {
  const wrong: string[] = []
  for (const [number, { rows, snapshot }] of store.partitions) {
    const bytes = rows.flatMap(({ events, sealed, keys }) => [events, sealed, keys])
    for (const page of [...bytes, ...(snapshot?.pages.values() ?? [])])
      if (Buffer.from(page.buffer, page.byteOffset, page.byteLength).includes(canary))
        wrong.push(`journal ${number} names a person`)
    let hash = genesisHash()
    for (const row of rows) {
      hash = chainHash(hash, row)
      if (Buffer.compare(hash, row.hash) !== 0) wrong.push(`journal ${number} is broken at ${row.position}`)
    }
  }
  return wrong
}

/** 10. The register's log follows from the journal: each seal from the decisions and seals before it. */
export function registerFollows(store: MemoryStore): string[] {
  const wrong: string[] = []
  let seals = 0
  for (const [number, { rows }] of store.partitions) {
    let size = 0
    try {
      for (const { position, at, events } of rows)
        for (const one of leavesOf(eventsOf({ events }), { position, at }, size)) {
          if (isSeal(one)) seals++
          else size = one.index + 1
          if (isSeal(one) && one.size % 256 !== 0) wrong.push(`journal ${number} has a seal of ${one.size} leaves`)
        }
    } catch (error) {
      wrong.push(`journal ${number}: ${(error as Error).message}`)
    }
  }
  if (seals === 0) wrong.push('no journal was ever sealed')
  return wrong
}

/** 11. Whoever erases a person finds all of it: no ciphertext lies in a journal that no event names. */
export function everyCiphertextIsNamed(store: MemoryStore, { stories }: Books): string[] {
  const named = new Map<string, number>()
  for (const { facts, partition, position } of stories.values()) {
    if (facts.via === 'notice') continue
    const batch = `${partition}/${position}`
    named.set(batch, (named.get(batch) ?? 0) + facts.sealed.length)
  }
  return [...store.partitions].flatMap(([number, { rows }]) =>
    rows
      .filter(({ position, sealed }) => sealed.length !== (named.get(`${number}/${position}`) ?? 0))
      .map(({ position }) => `journal ${number} holds at ${position} what no event names`),
  )
}

/** What of a message can still be read. */
export function readable(store: MemoryStore, { facts, partition, position }: Story): 'fits' | 'erased' | 'altered' {
  const { rows } = store.partitions.get(partition)!
  const { offset, length, page, slot } = facts.sealed
  const key = keyInPage(keyring, rows[page - 1]!.keys, slot)
  if (!key) return 'erased'
  const ciphertext = rows[position - 1]!.sealed.subarray(offset, offset + length)
  const id = facts.via === 'notice' ? `${facts.id.slice(0, 14)}7${facts.id.slice(15)}` : facts.id
  return fits(decrypt(key, ciphertext, id), facts.commitment) ? 'fits' : 'altered'
}
