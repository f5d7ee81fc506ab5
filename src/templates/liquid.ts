import { Liquid } from 'liquidjs'
import type { Branch, Condition, Escaping, Filter, Piece } from './compiled.ts'
import { codeSlot, conditionDepthMax, type Slot, type TemplateFaultCode } from './definition.ts'
import { dateFormatFault, offsetOf } from './filters.ts'

// Liquid, as far as a message needs it: values, a few filters, conditions. LiquidJS reads it; what it reads becomes pieces of our own, so that
// nothing of a template language is there any more when a value is put in. A value cannot be read as a template, whatever it says.

export type LiquidFault = { code: TemplateFaultCode; detail: string }

export type LiquidReading = {
  slots: Record<string, Slot>
  /** How a value is written that stands at this place of the text; a text when none may stand there. */
  placeOf(begin: number, slot: string): Escaping | { fault: string }
  report(fault: LiquidFault): void
}

const engine = new Liquid({ ownPropertyOnly: true, relativeReference: false, templates: {} })
for (const tag of Object.keys(engine.tags)) if (!['if', 'unless', 'case'].includes(tag)) delete engine.tags[tag]

// What of LiquidJS's tree is read here; its tags are not among the types that it exports.
type Token = {
  begin: number
  end: number
  input: string
  content?: unknown
  literal?: string
  operator?: string
  props?: { content?: unknown }[]
  variable?: unknown
  kind: number
}
type Value = { initial: { postfix: Token[] }; filters: { name: string; args: (Token | [string, Token])[] }[] }
type Tag = {
  name: string
  token: Token & { args: string }
  value?: Value
  branches: { value: Value; values: Token[]; templates: Node[] }[]
  elseTemplates?: Node[]
}
type Node = { token: Token & { contentRange?: [number, number]; getContent?(): string }; str?: string } & Partial<
  Tag & { value: Value }
>

/** The pieces of a text. Faults are reported; where there were any, the pieces are not to be used. */
export function readLiquid(text: string, reading: LiquidReading): Piece[] {
  try {
    return new Reader(reading).pieces(engine.parse(text) as unknown as Node[], 0)
  } catch (error) {
    reading.report(parseFault(error))
    return []
  }
}

function parseFault(error: unknown): LiquidFault {
  const detail = error instanceof Error ? error.message.split('\n')[0]! : String(error)
  const unknownTag = /^tag "?(\S+?)"? not found/.exec(detail)
  if (unknownTag)
    return { code: 'template.liquid-tag', detail: `if, unless and case are taken, and not this: ${detail}` }
  return { code: 'template.liquid', detail }
}

class Reader {
  readonly #reading: LiquidReading

  constructor(reading: LiquidReading) {
    this.#reading = reading
  }

  pieces(nodes: Node[], depth: number): Piece[] {
    if (depth > conditionDepthMax) {
      this.#fault('template.too-deep', `conditions lie in each other at most ${conditionDepthMax} deep`)
      return []
    }
    const pieces: Piece[] = []
    for (const node of nodes) {
      const piece = this.#piece(node, depth)
      const last = pieces.at(-1)
      if (typeof piece === 'string' && typeof last === 'string') pieces[pieces.length - 1] = last + piece
      else if (piece !== '') pieces.push(piece)
    }
    return pieces
  }

  #piece(node: Node, depth: number): Piece {
    if (typeof node.str === 'string') return node.str
    if (node.name === undefined) return this.#output(node.token, node.value!)
    return { branches: this.#branches(node as Tag, depth + 1) }
  }

  #output(token: Token & { contentRange?: [number, number] }, { initial, filters }: Value): Piece {
    const written = token.input.slice(...token.contentRange!)
    const slot = initial.postfix.length === 1 ? this.#slot(initial.postfix[0]!) : undefined
    if (slot === undefined) {
      this.#fault('template.liquid-expression', `{{${written}}} is not the name of a slot, with filters behind it`)
      return ''
    }
    const read = filters.map(({ name, args }) => filterText(name, args))
    if (squeezed(written) !== squeezed([textOf(initial.postfix[0]!), ...read].join('|')))
      this.#fault('template.liquid-expression', `{{${written}}} has something behind its end`)
    const escaping = this.#reading.placeOf(token.begin, slot)
    if (typeof escaping !== 'string') this.#fault('template.slot-place', `{{${written}}}: ${escaping.fault}`)
    const made = filters.flatMap(({ name, args }) => this.#filter(name, args, written) ?? [])
    return { slot, filters: made, escaping: typeof escaping === 'string' ? escaping : 'none' }
  }

  #slot(token: Token): string | undefined {
    const name = nameOf(token)
    if (name === undefined) return undefined
    if (name !== codeSlot && !Object.hasOwn(this.#reading.slots, name))
      this.#fault('template.slot-unknown', `no slot is called "${name}"`)
    return name
  }

  #filter(name: string, args: (Token | [string, Token])[], written: string): Filter | undefined {
    const fault = (detail: string) => void this.#fault('template.liquid-filter', `{{${written}}}: ${detail}`)
    const values = args.map(arg => (Array.isArray(arg) ? undefined : literalOf(arg)))
    if (values.includes(undefined)) return fault('arguments are texts in quotes or numbers')
    const [first, second] = values as (string | number)[]
    switch (name) {
      case 'default':
        return typeof first === 'string' && args.length === 1 ? { name, value: first } : fault('default: "a text"')
      case 'truncate':
        return typeof first === 'number' && first > 0 && args.length === 1
          ? { name, charsMax: first }
          : fault('truncate: a number of characters')
      case 'date':
        return this.#date(first, second, fault)
      case 'upcase':
      case 'downcase':
      case 'capitalize':
      case 'strip':
        return args.length === 0 ? { name } : fault(`${name} takes nothing`)
      case 'escape':
      case 'raw':
        return fault('values are always escaped, once; leave this filter out')
      default:
        return fault('filters are default, truncate, date, upcase, downcase, capitalize and strip')
    }
  }

  #date(format: unknown = '%x %X %Z', offset: unknown, fault: (detail: string) => undefined): Filter | undefined {
    if (typeof format !== 'string') return fault('date: "%Y-%m-%d %H:%M %Z"')
    const wrong = dateFormatFault(format)
    if (wrong) return fault(wrong)
    if (offset === undefined) return { name: 'date', format }
    const offsetMin = typeof offset === 'string' ? offsetOf(offset) : undefined
    return offsetMin === undefined ? fault('an offset is written "+02:00" or "Z"') : { name: 'date', format, offsetMin }
  }

  #branches({ name, token, value, branches, elseTemplates = [] }: Tag, depth: number): Branch[] {
    const read = branches.map(({ value: asked, values, templates }, i): Branch => {
      const when = name === 'case' ? this.#cases(value!, values) : this.#condition(asked)
      const negated: Condition = name === 'unless' && i === 0 ? { is: 'not', of: when } : when
      return { when: negated, pieces: this.pieces(templates, depth) }
    })
    for (const asked of name === 'case' ? [value!] : branches.map(branch => branch.value))
      this.#nothingBehind(asked, token)
    if (elseTemplates.length > 0) read.push({ pieces: this.pieces(elseTemplates, depth) })
    return read
  }

  /** LiquidJS reads as far as it understands, and leaves the rest. */
  #nothingBehind({ initial, filters }: Value, { input, begin }: Token): void {
    const end = Math.max(begin, ...initial.postfix.map(token => token.end))
    const rest = input.slice(end, input.indexOf('%}', end)).trim()
    if (filters.length === 0 && rest !== '' && rest !== '-')
      this.#fault('template.liquid-expression', `a condition has "${rest}" behind its end`)
  }

  #cases(value: Value, values: Token[]): Condition {
    const slot = value.initial.postfix.length === 1 ? this.#slot(value.initial.postfix[0]!) : undefined
    const texts = values.map(literalOf)
    if (slot === undefined || value.filters.length > 0 || texts.some(text => text === undefined)) {
      this.#fault('template.liquid-expression', 'a case asks for a slot, and when names texts in quotes')
      return never
    }
    return texts
      .map((text): Condition => ({ is: 'equal', slot, value: String(text) }))
      .reduce((left, right) => ({ is: 'or', left, right }))
  }

  /** From postfix order: operands are pushed, operators take them off again. */
  #condition({ initial, filters }: Value): Condition {
    const stack: (Condition | Operand)[] = []
    if (filters.length > 0) return this.#noCondition('filters are for values')
    for (const token of initial.postfix) {
      if (token.operator === undefined) {
        const operand = this.#operand(token)
        if (operand === undefined) return this.#noCondition(textOf(token))
        stack.push(operand)
        continue
      }
      const right = stack.pop()
      const combined = token.operator === 'not' ? negation(right) : combination(token.operator, stack.pop(), right)
      if (combined === undefined) return this.#noCondition(token.operator)
      stack.push(combined)
    }
    const whole = stack.length === 1 ? asCondition(stack[0]) : undefined
    return whole ?? this.#noCondition('nothing is asked')
  }

  #operand(token: Token): Operand | undefined {
    if (token.literal === 'blank' || token.literal === 'empty' || token.literal === 'nil') return { nothing: true }
    const literal = literalOf(token)
    if (literal !== undefined) return { literal: String(literal) }
    const slot = this.#slot(token)
    return slot === undefined ? undefined : { slot }
  }

  #noCondition(found: string): Condition {
    const taken = 'a slot, slot == "text", slot != "text", slot == blank, with and, or and not'
    this.#fault('template.liquid-expression', `conditions are ${taken}; found: ${found}`)
    return never
  }

  #fault(code: TemplateFaultCode, detail: string): undefined {
    this.#reading.report({ code, detail })
  }
}

type Operand = { slot: string } | { literal: string } | { nothing: true }

const never: Condition = { is: 'or', left: { is: 'present', slot: '' }, right: { is: 'present', slot: '' } }

function asCondition(part: Condition | Operand | undefined): Condition | undefined {
  if (part === undefined || 'literal' in part || 'nothing' in part) return undefined
  return 'is' in part ? part : { is: 'present', slot: part.slot }
}

function negation(part: Condition | Operand | undefined): Condition | undefined {
  const of = asCondition(part)
  return of && { is: 'not', of }
}

function combination(
  operator: string,
  left: Condition | Operand | undefined,
  right: Condition | Operand | undefined,
): Condition | undefined {
  if (operator === 'and' || operator === 'or') {
    const [a, b] = [asCondition(left), asCondition(right)]
    return a && b && { is: operator, left: a, right: b }
  }
  if (operator !== '==' && operator !== '!=') return undefined
  const [slot, value] = left && 'slot' in left ? [left, right] : [right, left]
  const equal = equality(slot, value)
  return equal && operator === '!=' ? { is: 'not', of: equal } : equal
}

function equality(
  slot: Condition | Operand | undefined,
  value: Condition | Operand | undefined,
): Condition | undefined {
  if (slot === undefined || !('slot' in slot) || 'is' in slot || value === undefined) return undefined
  if ('nothing' in value) return { is: 'not', of: { is: 'present', slot: slot.slot } }
  return 'literal' in value ? { is: 'equal', slot: slot.slot, value: value.literal } : undefined
}

const textOf = ({ input, begin, end }: Token): string => input.slice(begin, end)

/** Spaces tell nothing: two writings that differ in them alone are one. */
const squeezed = (text: string): string => text.replaceAll(/\s+/g, '')

const argText = (arg: Token | [string, Token]): string =>
  Array.isArray(arg) ? `${arg[0]}:${arg[1] ? textOf(arg[1]) : ''}` : textOf(arg)

const filterText = (name: string, args: (Token | [string, Token])[]): string =>
  args.length === 0 ? name : `${name}:${args.map(argText).join(',')}`

/** A plain name: nothing behind a dot or in brackets. */
function nameOf({ variable, props }: Token): string | undefined {
  if (variable !== undefined || props?.length !== 1) return undefined
  const { content } = props[0]!
  return typeof content === 'string' ? content : undefined
}

function literalOf(token: Token): string | number | undefined {
  if (token.props !== undefined || token.literal !== undefined) return undefined
  return typeof token.content === 'string' || typeof token.content === 'number' ? token.content : undefined
}
