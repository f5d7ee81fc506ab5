// Colors as CSS writes them, and contrast as WCAG 2.2 measures it.

/** Red, green and blue from 0 to 255, opacity from 0 to 1. */
export type Color = { r: number; g: number; b: number; a: number }

export const white: Color = { r: 255, g: 255, b: 255, a: 1 }
export const black: Color = { r: 0, g: 0, b: 0, a: 1 }

const named = new Map<string, number>(
  'aliceblue:f0f8ff antiquewhite:faebd7 aqua:00ffff aquamarine:7fffd4 azure:f0ffff beige:f5f5dc bisque:ffe4c4 black:000000 blanchedalmond:ffebcd blue:0000ff blueviolet:8a2be2 brown:a52a2a burlywood:deb887 cadetblue:5f9ea0 chartreuse:7fff00 chocolate:d2691e coral:ff7f50 cornflowerblue:6495ed cornsilk:fff8dc crimson:dc143c cyan:00ffff darkblue:00008b darkcyan:008b8b darkgoldenrod:b8860b darkgray:a9a9a9 darkgreen:006400 darkgrey:a9a9a9 darkkhaki:bdb76b darkmagenta:8b008b darkolivegreen:556b2f darkorange:ff8c00 darkorchid:9932cc darkred:8b0000 darksalmon:e9967a darkseagreen:8fbc8f darkslateblue:483d8b darkslategray:2f4f4f darkslategrey:2f4f4f darkturquoise:00ced1 darkviolet:9400d3 deeppink:ff1493 deepskyblue:00bfff dimgray:696969 dimgrey:696969 dodgerblue:1e90ff firebrick:b22222 floralwhite:fffaf0 forestgreen:228b22 fuchsia:ff00ff gainsboro:dcdcdc ghostwhite:f8f8ff gold:ffd700 goldenrod:daa520 gray:808080 green:008000 greenyellow:adff2f grey:808080 honeydew:f0fff0 hotpink:ff69b4 indianred:cd5c5c indigo:4b0082 ivory:fffff0 khaki:f0e68c lavender:e6e6fa lavenderblush:fff0f5 lawngreen:7cfc00 lemonchiffon:fffacd lightblue:add8e6 lightcoral:f08080 lightcyan:e0ffff lightgoldenrodyellow:fafad2 lightgray:d3d3d3 lightgreen:90ee90 lightgrey:d3d3d3 lightpink:ffb6c1 lightsalmon:ffa07a lightseagreen:20b2aa lightskyblue:87cefa lightslategray:778899 lightslategrey:778899 lightsteelblue:b0c4de lightyellow:ffffe0 lime:00ff00 limegreen:32cd32 linen:faf0e6 magenta:ff00ff maroon:800000 mediumaquamarine:66cdaa mediumblue:0000cd mediumorchid:ba55d3 mediumpurple:9370db mediumseagreen:3cb371 mediumslateblue:7b68ee mediumspringgreen:00fa9a mediumturquoise:48d1cc mediumvioletred:c71585 midnightblue:191970 mintcream:f5fffa mistyrose:ffe4e1 moccasin:ffe4b5 navajowhite:ffdead navy:000080 oldlace:fdf5e6 olive:808000 olivedrab:6b8e23 orange:ffa500 orangered:ff4500 orchid:da70d6 palegoldenrod:eee8aa palegreen:98fb98 paleturquoise:afeeee palevioletred:db7093 papayawhip:ffefd5 peachpuff:ffdab9 peru:cd853f pink:ffc0cb plum:dda0dd powderblue:b0e0e6 purple:800080 rebeccapurple:663399 red:ff0000 rosybrown:bc8f8f royalblue:4169e1 saddlebrown:8b4513 salmon:fa8072 sandybrown:f4a460 seagreen:2e8b57 seashell:fff5ee sienna:a0522d silver:c0c0c0 skyblue:87ceeb slateblue:6a5acd slategray:708090 slategrey:708090 snow:fffafa springgreen:00ff7f steelblue:4682b4 tan:d2b48c teal:008080 thistle:d8bfd8 tomato:ff6347 turquoise:40e0d0 violet:ee82ee wheat:f5deb3 white:ffffff whitesmoke:f5f5f5 yellow:ffff00 yellowgreen:9acd32'
    .split(' ')
    .map((entry): [string, number] => [entry.slice(0, -7), Number.parseInt(entry.slice(-6), 16)]),
)

const ofNumber = (rgb: number): Color => ({ r: rgb >> 16, g: (rgb >> 8) & 255, b: rgb & 255, a: 1 })

/** A color of CSS Color 4 in the forms that mails use; `undefined` for what is none of them. */
export function parseColor(text: string): Color | undefined {
  const value = text.trim().toLowerCase()
  if (value === 'transparent') return { ...black, a: 0 }
  const name = named.get(value)
  if (name !== undefined) return ofNumber(name)
  if (value.startsWith('#')) return hexColor(value.slice(1))
  const called = /^(rgb|hsl)a?\(([^()]{1,80})\)$/.exec(value)
  if (!called) return undefined
  const parts = called[2]!.split(/[\s,/]+/).filter(part => part !== '')
  if (parts.length < 3 || parts.length > 4) return undefined
  const a = parts[3] === undefined ? 1 : portion(parts[3], 1)
  return called[1] === 'rgb' ? rgbColor(parts, a) : hslColor(parts, a)
}

/** The attributes `bgcolor` and `color` of old also take hex digits without their sign. */
export const parseOldColor = (text: string): Color | undefined =>
  parseColor(text) ?? hexColor(text.trim().toLowerCase())

function hexColor(digits: string): Color | undefined {
  if (!/^(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/.test(digits)) return undefined
  const long = digits.length < 6 ? [...digits].map(digit => digit + digit).join('') : digits
  const a = long.length === 8 ? Number.parseInt(long.slice(6), 16) / 255 : 1
  return { ...ofNumber(Number.parseInt(long.slice(0, 6), 16)), a }
}

function portion(text: string, whole: number): number {
  const number = text.endsWith('%') ? (Number(text.slice(0, -1)) / 100) * whole : Number(text)
  return Math.min(Math.max(number, 0), whole)
}

function valid(color: Color): Color | undefined {
  return Object.values(color).some(Number.isNaN) ? undefined : color
}

const rgbColor = ([r = '', g = '', b = '']: string[], a: number): Color | undefined =>
  valid({ r: portion(r, 255), g: portion(g, 255), b: portion(b, 255), a })

/** CSS Color 4 §7.1. */
function hslColor([hue = '', saturation = '', lightness = '']: string[], a: number): Color | undefined {
  const h = ((Number.parseFloat(hue) % 360) + 360) % 360
  const s = portion(saturation.endsWith('%') ? saturation : `${saturation}%`, 1)
  const l = portion(lightness.endsWith('%') ? lightness : `${lightness}%`, 1)
  const channel = (n: number): number => {
    const k = (n + h / 30) % 12
    return 255 * (l - s * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1)))
  }
  return valid({ r: channel(0), g: channel(8), b: channel(4), a })
}

/** What is seen of a color that lies over another. */
export function over(front: Color, behind: Color): Color {
  const blend = (f: number, b: number): number => f * front.a + b * (1 - front.a)
  return { r: blend(front.r, behind.r), g: blend(front.g, behind.g), b: blend(front.b, behind.b), a: 1 }
}

/** Relative luminance, 0 to 1 (WCAG 2.2, definition "relative luminance"). */
export function luminance({ r, g, b }: Color): number {
  const linear = (part: number): number => {
    const c = part / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/** Contrast ratio of two opaque colors, 1 to 21 (WCAG 2.2, definition "contrast ratio"). */
export function contrast(a: Color, b: Color): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

export const colorText = ({ r, g, b }: Color): string =>
  `#${[r, g, b].map(part => Math.round(part).toString(16).padStart(2, '0')).join('')}`
