import type { Compiled } from './compiled.ts'
import type { Slot, SlotType } from './definition.ts'
import { hostOf } from './values.ts'

// Values for previews: what is usual, and what people and attackers have written where a name or a device was asked for.

/** `usual` and `least` (only what is required) are for every slot; the others are put where users decide what is said. */
export const sampleNames = [
  'usual',
  'least',
  'emoji',
  'right-to-left',
  'apostrophe',
  'heart',
  'long',
  'markup',
  'link',
  'liquid',
] as const
export type SampleName = (typeof sampleNames)[number]

const spoken: Record<Exclude<SampleName, 'usual' | 'least'>, string> = {
  emoji: '👩🏽‍💻 Zoë 🎉',
  'right-to-left': 'محمد بن عبد الله',
  apostrophe: "Miles O'Brien",
  heart: 'Ann <3 Bob & Co.',
  long: 'Wolfeschlegelsteinhausenbergerdorff '.repeat(6).slice(0, 200).trimEnd(),
  markup: '<b>Your account</b> <a href="https://attacker.example">here</a>',
  link: 'Verify at https://attacker.example/login or call +1 555 0100',
  liquid: '{{ code }}{% if true %}!{% endif %}',
}

const usual: Record<SlotType, string> = {
  text: 'A short text',
  name: 'Ann Example',
  device: 'Firefox on Windows',
  place: 'Lisbon, Portugal',
  code: '482-915',
  url: 'https://example.org/go/5f2c',
  address: 'ann@example.org',
  time: '2026-03-05T14:07:00Z',
  number: '3',
}

/** A template whose slots all have samples, for what looks at it: those of its author, else usual ones. */
export const withSamples = (compiled: Compiled): Compiled => ({
  ...compiled,
  slots: Object.fromEntries(
    Object.entries(compiled.slots).map(([name, slot]) => [
      name,
      slot.samples.length > 0 ? slot : { ...slot, samples: [usual[slot.type]] },
    ]),
  ),
})

/** Where samples lead says nothing of where messages do: their hosts are checked for each. */
export const sampleHosts = ({ slots }: { slots: Record<string, Slot> }): string[] =>
  Object.values(slots)
    .filter(({ type }) => type === 'url')
    .flatMap(({ samples }) => [usual.url, ...samples])
    .flatMap(address => hostOf(address) ?? [])

/** A code as messages have them; of no message. */
export const sampleCode = '0000-0000-0000'

const isSpoken = (type: SlotType): boolean =>
  type === 'text' || type === 'name' || type === 'device' || type === 'place'

export function sampleValues(slots: Record<string, Slot>, sample: SampleName): Record<string, string> {
  const values: Record<string, string> = {}
  for (const [name, slot] of Object.entries(slots)) {
    if (sample === 'least' && !slot.required) continue
    const isHostile = sample !== 'usual' && sample !== 'least' && slot.control === 'user' && isSpoken(slot.type)
    values[name] = isHostile ? spoken[sample] : (slot.samples[0] ?? usual[slot.type])
  }
  return values
}
