import { describe, expect, it } from 'vitest'
import type { MessageId } from './core/events.ts'
import { freshPolicy } from './core/policy.ts'
import { ProofPool } from './proof/pool.ts'
import { proofPort } from './proof-port.ts'
import { nameHash } from './std/hash64.ts'
import { parseMailbox } from './std/mailbox.ts'
import { compile } from './templates/compile.ts'
import type { Compiled } from './templates/compiled.ts'
import { parseTemplate } from './templates/parse.ts'
import { render } from './templates/render.ts'

const code = 'C-1'
const slots = { device: 'Win at evil.example' }

async function alert(): Promise<Compiled> {
  const parsed = parseTemplate({
    name: 'alert',
    class: 'other',
    slots: { device: { type: 'device', control: 'user', required: true, charsMax: 40 } },
    locales: {
      en: {
        subject: 'Sign-in',
        mjml: '<mjml><mj-body><mj-section><mj-column><mj-text>{{ device }}</mj-text></mj-column></mj-section></mj-body></mjml>',
        text: '{{ device }}',
      },
    },
  })
  const made = parsed.ok ? await compile(parsed.source) : parsed
  if (!made.ok) throw new Error('the template of this test compiles')
  return made.compiled
}

describe('a message that was written from a template', () => {
  it.each<[string, boolean, string]>([
    ['is compared with what its version makes of its values', true, 'content.slot-active'],
    ['is not as approved when nobody has its version at hand', false, 'content.not-as-approved'],
  ])('%s', async (_, isAtHand, expected) => {
    const compiled = await alert()
    const { rendered } = render(compiled, 'en', slots, { code })
    const recipient = parseMailbox('jane@example.net')
    const prove = proofPort({
      pool: new ProofPool(),
      policy: freshPolicy,
      code: () => code,
      compiled: () => (isAtHand ? compiled : undefined),
      looks: { see: () => ({ values: [] }) },
      hash: (_domain, text) => nameHash(text),
    })
    const { subject, text, html } = rendered
    const template = { name: 'alert', version: '1', hash: compiled.hash, locale: 'en' }
    const [proof] = await prove([
      {
        id: '019bf000-0000-7000-8000-000000000001' as MessageId,
        request: {
          class: 'other',
          recipient: recipient.ok ? recipient.mailbox : (undefined as never),
          content: { kind: 'template', name: 'alert', slots },
        },
        written: { status: 'written', template, subject, text, html, invalid: [] },
      },
    ])
    expect(proof!.findings).toContain(expected)
  })
})
