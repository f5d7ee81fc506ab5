// Hand-written SVG: axes with units, logarithmic where the values span decades.

export type Line = { name: string; points: [x: number, y: number][]; dashed?: boolean; dotsOnly?: boolean }
export type Axis = { title: string; log?: boolean; from: number; to: number; ticks: { at: number; label: string }[] }
export type Plot = { title: string; x: Axis; y: Axis; lines: Line[] }

const [width, height] = [760, 430]
const [left, right, top, bottom] = [70, 230, 40, 52]
const colors = ['#0b6e4f', '#c0392b', '#2c5aa0', '#b9770e', '#6c3483', '#566573', '#1a8a99', '#884e3b']

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const scale = ({ log, from, to }: Axis, low: number, high: number) => {
  const of = (value: number) => (log ? Math.log10(Math.max(value, from)) : value)
  return (value: number) => low + ((of(value) - of(from)) / (of(to) - of(from))) * (high - low)
}

/** Ticks at powers of ten. */
export function decades(from: number, to: number): Axis['ticks'] {
  const ticks: Axis['ticks'] = []
  for (let at = 10 ** Math.ceil(Math.log10(from)); at <= to * 1.0001; at *= 10)
    ticks.push({ at, label: at >= 1 ? at.toLocaleString('en') : String(Number(at.toPrecision(1))) })
  return ticks
}

export function svgOf({ title, x, y, lines }: Plot): string {
  const [px, py] = [scale(x, left, width - right), scale(y, height - bottom, top)]
  const n = (value: number) => value.toFixed(1)
  const grid = [
    ...x.ticks.map(({ at, label }) => tick(n(px(at)), label)),
    ...y.ticks.map(
      ({ at, label }) =>
        `<line x1="${left}" x2="${width - right}" y1="${n(py(at))}" y2="${n(py(at))}" stroke="#ddd"/><text x="${left - 6}" y="${n(py(at) + 4)}" text-anchor="end">${escaped(label)}</text>`,
    ),
  ]
  const drawn = lines.map((line, index) => {
    const color = colors[index % colors.length]!
    const points = line.points.map(([a, b]) => `${n(px(a))},${n(py(b))}`)
    const path = line.dotsOnly
      ? ''
      : `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="2"${line.dashed ? ' stroke-dasharray="6 4"' : ''}/>`
    const few = line.points.length <= 40
    const dots = few
      ? points.map(point => `<circle cx="${point.split(',')[0]}" cy="${point.split(',')[1]}" r="3.5" fill="${color}"/>`)
      : []
    const at = top + 14 + 20 * index
    const key = `<line x1="${width - right + 14}" x2="${width - right + 34}" y1="${at}" y2="${at}" stroke="${color}" stroke-width="3"${line.dashed ? ' stroke-dasharray="6 4"' : ''}/><text x="${width - right + 40}" y="${at + 4}">${escaped(line.name)}</text>`
    return path + dots.join('') + key
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#222">
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="${left}" y="22" font-size="15" font-weight="bold">${escaped(title)}</text>
${grid.join('\n')}
<rect x="${left}" y="${top}" width="${width - right - left}" height="${height - bottom - top}" fill="none" stroke="#888"/>
${drawn.join('\n')}
<text x="${(left + width - right) / 2}" y="${height - 12}" text-anchor="middle">${escaped(x.title)}</text>
<text transform="translate(18 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(y.title)}</text>
</svg>
`
}

const tick = (at: string, label: string): string =>
  `<line x1="${at}" x2="${at}" y1="${top}" y2="${height - bottom}" stroke="#ddd"/><text x="${at}" y="${height - bottom + 16}" text-anchor="middle">${escaped(label)}</text>`
