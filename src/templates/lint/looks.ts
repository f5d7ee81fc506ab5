import { type Color, over, parseColor, parseOldColor } from './colors.ts'
import { type Declarations, parseDeclarations, type Styled } from './styles.ts'

// How an element is seen, by what its styles say and what it inherits.

/** How text looks in one scheme. A color is undefined when it is written in a way that is not understood here. */
export type Look = { color: Color | undefined; background: Color | undefined }

type Sized = Styled & { parent: (Styled & { sizePx: number; bold: boolean }) | undefined }

export const rootSizePx = 16
const headings: Record<string, number> = { h1: 2, h2: 1.5, h3: 1.17, h4: 1, h5: 0.83, h6: 0.67 }
const oldSizes = [10, 10, 13, 16, 18, 24, 32, 48]
const sizeWords: Record<string, number> = {
  'xx-small': 9,
  'x-small': 10,
  small: 13,
  medium: 16,
  large: 18,
  'x-large': 24,
  'xx-large': 32,
}

export function lookOf({ name, attributes }: Styled, style: Declarations, parent: Look, link: Color): Look {
  const isLink = name === 'a' && attributes.has('href')
  const background = backgroundOf(attributes, style, parent.background)
  const said = style.get('color')?.value ?? attributes.get('color')
  if (said === undefined) return { color: isLink ? link : parent.color, background }
  if (/^(?:inherit|currentcolor)$/i.test(said)) return { color: parent.color, background }
  const color = name === 'font' ? parseOldColor(said) : parseColor(said)
  return { color: color && background ? over(color, background) : color, background }
}

function backgroundOf(
  attributes: ReadonlyMap<string, string>,
  style: Declarations,
  behind: Color | undefined,
): Color | undefined {
  const said = style.get('background-color')?.value ?? style.get('background')?.value
  const old = attributes.get('bgcolor')
  if (said === undefined && old === undefined) return behind
  // Of a background with an image the color counts: it is what is seen while images are off.
  const words =
    said?.replace(/url\([^)]*\)/gi, ' ').match(/(?:rgb|hsl)a?\([^()]*\)|#[\da-f]+|[a-z-]+(?![\w(-])/gi) ?? []
  const color = said === undefined ? parseOldColor(old!) : words.map(parseColor).find(one => one !== undefined)
  if (color) return behind ? over(color, behind) : color.a === 1 ? color : undefined
  return said !== undefined && /gradient|var\(/i.test(said) ? undefined : behind
}

export function sizeOf({ name, attributes, parent }: Sized, style: Declarations): number {
  const inherited = parent?.sizePx ?? rootSizePx
  const written = style.get('font-size')?.value ?? shorthandSize(style.get('font')?.value)
  const size = written === undefined ? undefined : lengthPx(written, inherited)
  if (size !== undefined) return size
  if (name === 'font' && attributes.has('size')) return oldSizes[Number(attributes.get('size'))] ?? inherited
  if (name === 'small') return inherited * 0.83
  return name in headings ? inherited * headings[name]! : inherited
}

const shorthandSize = (font: string | undefined): string | undefined =>
  font === undefined ? undefined : /(?:^|\s)(\d[\d.]*(?:px|pt|em|rem|%))(?:\s*\/|\s)/.exec(`${font} `)?.[1]

function lengthPx(text: string, inherited: number): number | undefined {
  const word = sizeWords[text.toLowerCase()]
  if (word !== undefined) return word
  const found = /^(\d*\.?\d+)(px|pt|em|rem|%)?$/i.exec(text.trim())
  if (!found) return undefined
  const number = Number(found[1])
  const unit = found[2]?.toLowerCase()
  if (unit === undefined) return number === 0 ? 0 : undefined
  const perUnit = { px: 1, pt: 4 / 3, em: inherited, rem: rootSizePx, '%': inherited / 100 }
  return number * perUnit[unit as keyof typeof perUnit]
}

export function isBold({ name, parent }: Sized, style: Declarations): boolean {
  const weight = style.get('font-weight')?.value
  if (weight !== undefined) return weight === 'inherit' ? (parent?.bold ?? false) : /bold|[6-9]00/.test(weight)
  return ['b', 'strong', 'th', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6'].includes(name) || (parent?.bold ?? false)
}

export function isHidden({ name, attributes }: Styled, style: Declarations): boolean {
  if (attributes.has('hidden') || name === 'head' || name === 'script' || name === 'template') return true
  const value = (property: string): string => style.get(property)?.value.toLowerCase() ?? ''
  const isNothing = (text: string): boolean => /^0*\.?0+(?:px|pt|em|rem|%)?$/.test(text)
  return (
    value('display') === 'none' ||
    /^(?:hidden|collapse)$/.test(value('visibility')) ||
    (value('opacity') !== '' && Number(value('opacity')) < 0.1) ||
    (value('overflow') === 'hidden' &&
      ['max-height', 'height', 'max-width', 'width'].some(side => isNothing(value(side)))) ||
    /(?:^|\s)-\d{3,}/.test(`${value('text-indent')} ${value('left')} ${value('top')}`)
  )
}

export function sideOf(attributes: ReadonlyMap<string, string>, side: 'width' | 'height'): number | undefined {
  const style = parseDeclarations(attributes.get('style') ?? '').get(side)?.value
  const written = style !== undefined && /px$|^0$/.test(style) ? style : attributes.get(side)
  const number = written === undefined ? Number.NaN : Number.parseFloat(written)
  return Number.isNaN(number) || written!.endsWith('%') ? undefined : number
}
