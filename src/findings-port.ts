import type { Content } from './core/content.ts'
import type { Partition } from './engine/partition.ts'
import type { Finding, OperatorPort } from './inbound/operator.ts'
import type { ToProve } from './inbound/requests.ts'
import { available } from './operator-port.ts'
import { detailsMax } from './proof/prove.ts'
import { isInert } from './proof/values.ts'
import { detailedProof, ofCampaign, type ProofPortOptions } from './proof-port.ts'
import type { Compiled } from './templates/compiled.ts'
import { ChangedTemplate, type TemplateLibrary } from './templates/library.ts'
import { render } from './templates/render.ts'
import { misfit } from './templates/values.ts'
import type { MessageRecord } from './views/register.ts'

export type FindingsDeps = {
  partition: Pick<Partition, 'content'>
  library: Pick<TemplateLibrary, 'find'>
  proof: ProofPortOptions
}

/** What people are shown of the findings in a message: its content is read back and looked at once more, as the intake looked at it. */
export function findingsPort({ partition, library, proof }: FindingsDeps): Pick<OperatorPort, 'findings'> {
  const look = detailedProof(proof)
  return {
    findings: message =>
      available(async () => {
        const content = message.erased ? undefined : await partition.content(message, message.decidedAt)
        if (!content) return undefined
        const hash = content.template?.hash
        // The proof asks for it at once, so it is brought into memory before.
        const compiled = hash === undefined ? undefined : await library.find(hash).catch(notChanged)
        const details = await look(lookedAt(message, content))
        const found: Finding[] = [...details, ...(compiled ? invalidSlots(compiled, content) : [])]
        return [...found, ...inLearntLook(message, found)].slice(0, detailsMax)
      }),
  }
}

function notChanged(error: unknown): undefined {
  if (!(error instanceof ChangedTemplate)) throw error
}

function lookedAt({ id, class: className }: MessageRecord, content: Content): ToProve {
  const { recipient, from, raw, template, slots = {} } = content
  const request = { class: className, recipient, ...(from && { from }) }
  if (raw) return { request: { ...request, content: { kind: 'raw', data: raw } } }
  if (!template || template.hash !== undefined) return ofCampaign({ id, content }, className)
  return { id, request: { ...request, content: { kind: 'template', name: template.name, slots } } }
}

function invalidSlots(compiled: Compiled, { template, slots = {} }: Content): Finding[] {
  const { invalid } = render(compiled, template?.locale, slots, { code: '', isInert })
  return invalid.map(name => {
    const why = misfit(slots[name] ?? '', compiled.slots[name]!)
    return {
      code: 'content.slot-invalid',
      where: 'slot',
      what: name,
      ...(why !== undefined && { why: `its value ${why}` }),
    }
  })
}

/** Where its value stands is known only while a look is compared, which looking again does not do: that would be learning from it. */
function inLearntLook({ reasons, template }: MessageRecord, found: readonly Finding[]): Finding[] {
  const code = 'content.slot-active'
  if (!reasons.includes(code) || template === null || found.some(one => one.code === code)) return []
  return [
    { code, where: 'text', what: template, why: 'brings a link, an address or a number where its look has words' },
  ]
}
