import { expect, it } from 'vitest'
import { detailText } from './words.ts'

it('a learnt look is shown with its gaps, what is other in it, and what has come close to it since', () => {
  const text = detailText({
    template: { name: 'learnt:shop:password-reset:1', class: 'password-reset' },
    version: '2',
    hash: 'abc',
    state: 'draft',
    author: 'tocsin',
    findings: [],
    look: {
      shown: { subject: 'Hello ‹text›', text: 'Your code is ‹number›.\nBye' },
      mails: 17,
      comparedTo: '1',
      changes: [{ text: 'A script was put in.' }],
      unlearnt: [
        { look: 'look-3', mails: 2, seenAt: '2026-11-24T18:00:00Z', changes: [{ text: 'A <form> was put in.' }] },
      ],
    },
  })
  expect(text.split('\n')).toEqual([
    'learnt:shop:password-reset:1@2',
    '  2    draft     by tocsin',
    '    abc',
    '  learnt from 17 mails; values are ‹kind›',
    '  subject:',
    '    Hello ‹text›',
    '  text:',
    '    Your code is ‹number›.',
    '    Bye',
    '  other than in version 1:',
    '    A script was put in.',
    '  not learnt: 2 mails close to this, the last 2026-11-24T18:00:00Z:',
    '    A <form> was put in.',
  ])
})
