import type { Series } from './backgrounds.ts'
import type { Report } from './detect.ts'
import { decades, type Plot, svgOf } from './plots.ts'
import { boundOf } from './statistics.ts'

/** The figures that the measured parts allow. */
export function figures(report: Report, series: Series[]): { file: string; svg: string }[] {
  const plots: [string, Plot][] = []
  if (report.pareto.length > 0) plots.push(['wrongful-against-false-stops.svg', paretoPlot(report)])
  if (report.sends.length > 0) plots.push(['wrongful-by-ratio.svg', ratioPlot(report)])
  const worldCup = series.find(({ name }) => name === 'worldcup98_per_minute')
  const row = report.real.find(({ series: name }) => name === worldCup?.name)
  if (worldCup && row) plots.push(['alarms-worldcup98.svg', seriesPlot(worldCup, row.at)])
  return plots.map(([file, plot]) => ({ file, svg: svgOf(plot) }))
}

function paretoPlot({ pareto }: Report): Plot {
  const names = [...new Set(pareto.map(({ detector }) => detector))]
  return {
    title: 'A send of 5 a second among 2 messages a minute',
    x: { title: 'false stops a year', log: true, from: 0.8, to: 400, ticks: decades(0.8, 400) },
    y: { title: 'wrongful messages delivered, median', log: true, from: 1, to: 1_000, ticks: decades(1, 1_000) },
    lines: names.map(name => ({
      name,
      dashed: name.startsWith('Tocsin'),
      points: pareto
        .filter(({ detector, falsePerYear }) => detector === name && falsePerYear > 0)
        .map(({ falsePerYear, delivered }) => [falsePerYear, Math.max(1, delivered)] as [number, number])
        .sort((a, b) => a[0] - b[0]),
    })),
  }
}

function ratioPlot({ sends }: Report): Plot {
  const shown = sends.filter(({ ratio }) => ratio >= 1.5)
  const names = [...new Set(shown.map(({ background }) => background))]
  const gamma = 365 * 1_440 * 2
  const ratios = Array.from({ length: 60 }, (_, index) => 1.5 * 10 ** (index / 13.5))
  return {
    title: 'What the rate alone lets through, causes hidden',
    x: { title: 'times the usual rate, ρ', log: true, from: 1.5, to: 60_000, ticks: decades(1.5, 60_000) },
    y: { title: 'wrongful messages delivered, median', log: true, from: 1, to: 30_000, ticks: decades(1, 30_000) },
    lines: [
      { name: 'bound N*, Poisson, 2/min', dashed: true, points: ratios.map(ratio => [ratio, boundOf(ratio, gamma)]) },
      ...names.map(name => ({
        name,
        dotsOnly: true,
        points: shown
          .filter(({ background }) => background === name)
          .map(({ ratio, delivered }) => [ratio, Math.max(1, delivered.median)] as [number, number]),
      })),
    ],
  }
}

const hourMs = 3_600_000

function seriesPlot({ counts }: Series, alarms: number[]): Plot {
  const hours = new Map<number, number>()
  for (const { at, count } of counts) {
    const hour = Math.floor(at / hourMs)
    hours.set(hour, Math.max(hours.get(hour) ?? 0, count))
  }
  const first = Math.min(...hours.keys())
  const points = [...hours].map(([hour, most]) => [(hour - first) / 24, Math.max(1, most)] as [number, number])
  const days = Math.ceil(Math.max(...points.map(([day]) => day)))
  return {
    title: 'Requests to the 1998 World Cup site, and alarms of the rate test',
    x: {
      title: 'days',
      from: 0,
      to: days,
      ticks: Array.from({ length: Math.floor(days / 14) + 1 }, (_, n) => ({ at: 14 * n, label: String(14 * n) })),
    },
    y: { title: 'requests a minute, most of each hour', log: true, from: 10, to: 300_000, ticks: decades(10, 300_000) },
    lines: [
      { name: 'requests a minute', points },
      {
        name: 'alarms',
        dotsOnly: true,
        points: alarms.map(at => [(at / hourMs - first) / 24, 200_000] as [number, number]),
      },
    ],
  }
}
