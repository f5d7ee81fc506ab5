import { describe, expect, it } from 'vitest'
import { type Color, colorText, contrast, over, parseColor, parseOldColor } from './colors.ts'

const shown = (color: Color | undefined): string | undefined => color && `${colorText(color)} ${color.a}`

describe('colors', () => {
  it.each([
    ['#fff', '#ffffff 1'],
    ['#FFF8', '#ffffff 0.5333333333333333'],
    ['#12345678', '#123456 0.47058823529411764'],
    ['RebeccaPurple', '#663399 1'],
    ['rgb(1, 2, 3)', '#010203 1'],
    ['rgb(10% 20% 30% / 50%)', '#1a334d 0.5'],
    ['rgba(300,-5,0,.5)', '#ff0000 0.5'],
    ['hsl(210, 50%, 40%)', '#336699 1'],
    ['hsl(-150 50% 40%)', '#336699 1'],
    ['transparent', '#000000 0'],
    ['currentcolor', undefined],
    ['#12345', undefined],
    ['rgb(1,2)', undefined],
    ['rgb(a,b,c)', undefined],
    ['url(red.png)', undefined],
    ['', undefined],
  ])('%s: %s', (text, expected) => {
    expect(shown(parseColor(text))).toBe(expected)
  })

  it('reads the old attributes without their sign', () => {
    expect(shown(parseOldColor('FFEE00'))).toBe('#ffee00 1')
    expect(shown(parseOldColor('navy'))).toBe('#000080 1')
  })

  it('lays one over another', () => {
    expect(colorText(over(parseColor('rgba(0,0,0,.5)')!, parseColor('white')!))).toBe('#808080')
  })

  // Known ratios: 21 and 1 by definition; #767676 is the darkest gray that WCAG's techniques name as enough on white.
  it.each([
    ['black', 'white', 21],
    ['white', 'white', 1],
    ['#767676', 'white', 4.54],
    ['#777777', 'white', 4.48],
    ['white', '#0000ff', 8.59],
  ])('%s on %s has %s to 1', (a, b, ratio) => {
    expect(contrast(parseColor(a)!, parseColor(b)!)).toBeCloseTo(ratio, 2)
    expect(contrast(parseColor(b)!, parseColor(a)!)).toBeCloseTo(ratio, 2)
  })
})
