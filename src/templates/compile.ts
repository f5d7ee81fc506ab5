import type { Compiled, CompiledLocale, Condition, Piece } from './compiled.ts'
import {
  htmlBytesMax,
  type Slot,
  type TemplateFault,
  type TemplateFaultCode,
  type TemplateSource,
} from './definition.ts'
import { templateHash } from './hash.ts'
import { readLiquid } from './liquid.ts'
import { directionOf } from './locales.ts'
import { htmlOf } from './mjml.ts'
import { checkHtml, restored } from './skeleton.ts'

export type CompileResult = { ok: true; compiled: Compiled } | { ok: false; faults: TemplateFault[] }

/** What a subject may come to (RFC 5322 §2.1.1), its values at their longest; code points may take two units. */
const renderedSubjectMax = 998

/**
 * Makes a template ready: everything that does not depend on a message is done here. Takes some 20 ms a language, most of it MJML's, so it is
 * done when a version is written, in a thread of its own. Names every fault.
 */
export async function compile(source: TemplateSource): Promise<CompileResult> {
  const faults: TemplateFault[] = []
  const used = new Set<string>()
  const locales: Record<string, CompiledLocale> = {}
  for (const [locale, said] of Object.entries(source.locales)) {
    const report = (part: string) => (code: TemplateFaultCode, detail: string) =>
      void faults.push({ pointer: `/locales/${locale}/${part}`, code, detail })
    const plain = (part: 'subject' | 'preheader' | 'text', text: string) =>
      readLiquid(text, {
        slots: source.slots,
        placeOf: () => 'none',
        report: ({ code, detail }) => report(part)(code, detail),
      })
    const subject = plain('subject', said.subject)
    checkSubject(subject, source.slots, report('subject'))
    const text = plain('text', said.text)
    if (said.preheader !== undefined) plain('preheader', said.preheader)
    const html = await htmlPieces(locale, said, { slots: source.slots, report: report('mjml') })
    for (const pieces of [subject, text, html]) slotsIn(pieces, used)
    locales[locale] = { locale, direction: directionOf(locale), subject, text, html }
  }
  if (faults.length > 0) return { ok: false, faults }
  const unused = Object.keys(source.slots).filter(name => !used.has(name))
  for (const name of unused)
    faults.push({ pointer: `/slots/${name}`, code: 'template.slot-unused', detail: 'no language shows it' })
  if (faults.length > 0) return { ok: false, faults }
  const { name, class: className, slots, defaultLocale } = source
  const hash = templateHash(source)
  return { ok: true, compiled: { name, class: className, hash, source, slots, defaultLocale, locales } }
}

type Reporting = { slots: Record<string, Slot>; report(code: TemplateFaultCode, detail: string): void }

async function htmlPieces(
  locale: string,
  said: TemplateSource['locales'][string],
  { slots, report }: Reporting,
): Promise<Piece[]> {
  // Read before MJML as well: what is wrong is said where it was written.
  let isFaulty = false
  readLiquid(said.mjml, {
    slots,
    placeOf: () => 'html',
    report: ({ code, detail }) => {
      isFaulty = true
      report(code, detail)
    },
  })
  if (isFaulty) return []
  const html = await htmlOf(locale, said, report)
  if (html === undefined) return []
  checkHtml(html.text, report)
  const { text, placeOf } = restored(html, slots, report)
  const bytes = Buffer.byteLength(text)
  if (bytes > htmlBytesMax)
    report(
      'template.html-too-large',
      `it comes to ${bytes} bytes of HTML; at most ${htmlBytesMax} are shown everywhere`,
    )
  return readLiquid(text, { slots, placeOf, report: ({ code, detail }) => report(code, detail) })
}

function checkSubject(
  pieces: readonly Piece[],
  slots: Record<string, Slot>,
  report: (code: TemplateFaultCode, detail: string) => void,
): void {
  if (longest(pieces, slots) > renderedSubjectMax)
    report(
      'template.too-long',
      `with its values at their longest a subject has at most ${renderedSubjectMax} characters`,
    )
}

function longest(pieces: readonly Piece[], slots: Record<string, Slot>): number {
  let length = 0
  for (const piece of pieces) {
    if (typeof piece === 'string') length += piece.length
    else if ('slot' in piece) length += 2 * (slots[piece.slot]?.charsMax ?? 16)
    else length += Math.max(0, ...piece.branches.map(branch => longest(branch.pieces, slots)))
  }
  return length
}

function slotsIn(pieces: readonly Piece[], found: Set<string>): void {
  for (const piece of pieces) {
    if (typeof piece === 'string') continue
    if ('slot' in piece) found.add(piece.slot)
    else
      for (const { when, pieces: inner } of piece.branches) {
        if (when) slotsOf(when, found)
        slotsIn(inner, found)
      }
  }
}

function slotsOf(condition: Condition, found: Set<string>): void {
  if ('slot' in condition) found.add(condition.slot)
  else if (condition.is === 'not') slotsOf(condition.of, found)
  else {
    slotsOf(condition.left, found)
    slotsOf(condition.right, found)
  }
}
