import type { Report } from './detect.ts'
import type { Spread } from './statistics.ts'

const short = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 0))
const spread = ({ median, p95, max }: Spread): string => `${short(median)} / ${short(p95)} / ${short(max)}`
const interval = ([value, from, to]: [number, number, number]): string =>
  `${value.toFixed(3)} (${from.toFixed(3)} to ${to.toFixed(3)})`

function table(title: string, head: string[], rows: (string | number)[][]): string {
  if (rows.length === 0) return ''
  const all = [head, ...rows.map(row => row.map(cell => (typeof cell === 'number' ? short(cell) : cell)))]
  const widths = head.map((_, column) => Math.max(...all.map(row => row[column]!.length)))
  const lines = all.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
  return [title, ...lines, ''].join('\n')
}

/** Everything that was measured, for people. Spreads are median / 95 % / most. */
export function tables(report: Report): string {
  return [
    `seeds ${report.seeds[0]} to ${report.seeds.at(-1)}; spreads are median / 95 % / most`,
    '',
    sends(report),
    quiet(report),
    realOnes(report),
    peers(report),
    scenarios(report),
    table(
      'Targets',
      ['', 'target', 'figure', 'seeds', 'why'],
      report.targets.map(({ met, target, figure, seeds, why }) => [
        met ? 'met' : 'MISSED',
        target,
        figure,
        seeds,
        why ?? '',
      ]),
    ),
    table(
      'Every drill once',
      [
        'drill',
        'causes',
        'size',
        'as expected',
        'stopped by',
        'wrongful delivered',
        'honest delivered %',
        'first stop',
      ],
      report.drills.map(({ drill, causes, size, asExpected, stop, wrongful, honest }) => [
        drill,
        causes,
        size,
        asExpected ? 'yes' : 'NO',
        stop.by,
        `${wrongful.delivered} of ${wrongful.requested}`,
        (100 * honest.share).toFixed(2),
        stop.first ? `${stop.first.detector} in ${stop.first.class}/${stop.first.lane} after ${stop.seconds} s` : '',
      ]),
    ),
    `${report.cpuSeconds} s of CPU`,
  ]
    .filter(text => text !== '')
    .join('\n')
}

const sends = ({ sends: rows }: Report): string =>
  table(
    'Wrongful messages delivered before the rate alone stops a send (causes hidden), and with the test of causes',
    [
      'background',
      'a minute',
      'a second',
      'ρ',
      'delivered',
      'never',
      'false',
      'seconds',
      'N*',
      '/N*',
      'oracle',
      '/oracle',
      'causes',
    ],
    rows.map(one => [
      one.background,
      one.level,
      one.perSecond,
      one.ratio.toFixed(1),
      spread(one.delivered),
      `${one.neverStopped}/${one.seeds}`,
      one.falseBefore,
      spread(one.seconds),
      one.bound.toFixed(1),
      one.perBound.toFixed(1),
      one.oracle ?? '–',
      one.perOracle?.toFixed(1) ?? '–',
      spread(one.withCauses),
    ]),
  )

const quiet = ({ quiet: rows }: Report): string =>
  table(
    `False alarms of the rate test on traffic without an incident, per 30 days with exact 95 % interval. Promised: hard ${(30 / 365).toFixed(3)}, soft 30, over all tests of a class`,
    ['background', 'a minute', 'history', 'days', 'hard', 'hard per 30 days', 'soft', 'soft per 30 days'],
    rows.map(one => [
      one.background,
      one.level,
      one.history,
      one.days.toFixed(0),
      one.hard,
      interval(one.hardPer30Days),
      one.soft,
      interval(one.softPer30Days),
    ]),
  )

const realOnes = ({ real: rows }: Report): string =>
  table(
    'Real series as counted, the forecast learnt on the way: alarms of the back-test',
    ['series', 'days', 'alarms', 'per 30 days', 'outside labels', 'per 30 days', 'may enforce at the end'],
    rows.map(one => [
      one.series,
      one.days.toFixed(0),
      one.alarms,
      interval(one.per30Days),
      one.outside,
      interval(one.outsidePer30Days),
      one.proven ? 'yes' : 'no',
    ]),
  )

const peers = ({ peers: rows }: Report): string =>
  table(
    'Beside what others do, each tuned to one false alarm a year on the same traffic; sends of 0.5, 5 and 50 a second',
    ['background', 'a minute', 'detector', 'parameter', 'false a year', '0.5/s', '5/s', '50/s', 'never stopped'],
    rows.map(({ background, level, detector, parameter, falsePerYear, delivered }) => [
      background,
      level,
      detector,
      parameter.toFixed(1),
      Number.isNaN(falsePerYear) ? 'see above' : falsePerYear.toFixed(2),
      ...[0.5, 5, 50].map(pace => spread(delivered[pace]!)),
      [0.5, 5, 50].map(pace => delivered[pace]!.neverStopped).join(' / '),
    ]),
  )

const scenarios = ({ scenarios: rows }: Report): string =>
  table(
    'Scenarios through the gate',
    [
      'scenario',
      'a minute',
      'causes',
      'wrongful',
      'delivered',
      'never',
      'false',
      'seconds',
      'honest withheld',
      'honest delay ms',
    ],
    rows.map(one => [
      one.scenario,
      one.level,
      one.causes,
      one.wrongful,
      spread(one.delivered),
      `${one.neverStopped}/${one.seeds}`,
      one.falseBefore,
      spread(one.seconds),
      spread(one.honestWithheld),
      spread(one.honestDelayMs),
    ]),
  )
