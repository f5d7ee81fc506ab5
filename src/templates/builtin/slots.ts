import type { SlotInput } from '../definition.ts'

// What the built-in templates are given. Names and devices come from users, so each has a word in its place that stands for "not shown".

/** In the place of a name or device that is not shown: the sentence around it does without. */
export const notShown = '-'

const trustedText = (samples: string[], charsMax = 80): SlotInput => ({
  type: 'text',
  control: 'trusted',
  required: true,
  charsMax,
  samples,
})

/** A value out of a few; what it is not is said in general words. Empty is none of them. */
export const choice = (...values: string[]): SlotInput => ({
  type: 'text',
  control: 'trusted',
  charsMax: 24,
  characters: 'token',
  samples: values,
})

/** Said when it is `yes`, and nothing otherwise. */
export const yes: SlotInput = choice('yes')

export const optional = (slot: SlotInput): SlotInput => ({ ...slot, required: false })

export const product = trustedText(['Example', 'Stadtwerke Musterstadt'], 40)
/** What people type into their browser: without a scheme. */
export const site = trustedText(['example.org', 'accounts.example.org'], 60)
/** Where a code is checked, likewise. */
export const verify = trustedText(['example.org/verify'], 80)
/** How people reach people. */
export const contact = trustedText(['+44 20 7946 0018'], 80)

export const name: SlotInput = {
  type: 'name',
  control: 'user',
  charsMax: 80,
  instead: notShown,
  samples: [
    'Anna',
    "Seán O'Brien",
    'محمد بن عبد الله',
    '李小龙',
    'Wolfeschlegelsteinhausenbergerdorff the Elder of Hamburg',
  ],
}

export const device: SlotInput = {
  type: 'device',
  control: 'user',
  charsMax: 160,
  instead: notShown,
  samples: [
    'Firefox on Linux',
    'Chrome 142 on Windows 11, ThinkPad X1 Carbon of the seventh generation',
    'جوال أحمد',
    '<3 iPhone 📱',
  ],
}

export const place: SlotInput = {
  type: 'place',
  control: 'trusted',
  charsMax: 120,
  samples: ['Berlin, Germany', 'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch, Wales'],
}

export const time: SlotInput = {
  type: 'time',
  control: 'trusted',
  required: true,
  samples: ['2026-11-24T10:30:00Z', '2026-11-24T23:59:00-05:00'],
}

export const link: SlotInput = {
  type: 'url',
  control: 'trusted',
  required: true,
  samples: [
    'https://accounts.example.org/reset?token=Jm3tXw0b5nqk9Y2c',
    `https://accounts.example.org/reset?token=${'a1B2c3D4'.repeat(16)}&lang=en`,
  ],
}
