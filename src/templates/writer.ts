import type { Templates } from '../core/templates.ts'
import type { Compiled } from './compiled.ts'
import { ChangedTemplate, type TemplateLibrary } from './library.ts'
import { type RenderContext, render, type SlotFault, slotFaults } from './render.ts'

/** What a message asks for. */
export type Wanted = { name: string; version?: string; locale?: string; slots: Readonly<Record<string, string>> }

export type Written =
  | {
      status: 'written'
      template: { name: string; version: string; hash: string; locale: string }
      subject: string
      text: string
      html: string
      /** Slots whose value does not fit. */
      invalid: string[]
    }
  /** No such version is approved for this class; nothing was rendered. */
  | { status: 'unknown' }
  /** It is approved by name alone, or its stored form was changed: there is nothing to render from. */
  | { status: 'no-source' }
  | { status: 'refused'; faults: SlotFault[] }

export type WriterOptions = {
  templates(): Templates
  library: TemplateLibrary
  /** Names that the configuration calls approved without a source. */
  isNamed(name: string, version: string | undefined): boolean
} & Pick<RenderContext, 'allows' | 'isInert'>

export type Write = (message: { class: string; code: string }, wanted: Wanted) => Written | Promise<Written>

/** Writes messages from approved versions: at once where the version is in memory, which all but the first message find. */
export function openWriter({ templates, library, isNamed, ...looks }: WriterOptions): Write {
  return ({ class: className, code }, wanted) => {
    const { name } = wanted
    const version =
      wanted.version === undefined
        ? templates().newestApproved(name)
        : templates().version({ template: name, version: wanted.version })
    if (
      !version ||
      templates().approvalOf({ name, version: version.version, hash: version.hash }, className) !== 'approved'
    )
      return { status: isNamed(name, wanted.version) && version?.state !== 'retired' ? 'no-source' : 'unknown' }
    const pinned = { name, version: version.version, hash: version.hash }
    const made = (compiled: Compiled | undefined): Written =>
      compiled ? writtenFrom(compiled, pinned, wanted, { ...looks, code }) : { status: 'no-source' }
    const ready = library.at(version.hash)
    if (ready) return made(ready)
    return library.find(version.hash).then(made, (error: unknown) => {
      if (error instanceof ChangedTemplate) return { status: 'no-source' }
      throw error
    })
  }
}

function writtenFrom(
  compiled: Compiled,
  pinned: { name: string; version: string; hash: string },
  { locale: wanted, slots }: Wanted,
  context: RenderContext,
): Written {
  const faults = slotFaults(compiled, slots)
  if (faults.length > 0) return { status: 'refused', faults }
  const { rendered, invalid } = render(compiled, wanted, slots, context)
  const { locale, ...parts } = rendered
  return { status: 'written', template: { ...pinned, locale }, ...parts, invalid }
}
