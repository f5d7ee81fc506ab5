import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Table } from './table.ts'

type Model = Map<string, number>
type Step =
  | { do: 'insert'; key: [number, number]; value: number }
  | { do: 'remove'; key: [number, number] }
  | { do: 'sweep'; below: number }

/** Few keys, so that they meet: in one shard, around its end, and under the mark of a free place. */
const key = fc.tuple(
  fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
  fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(0xffff_ffff, 0xffff_fffe, 0x8000_0000)),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('insert' as const), key, value: fc.nat(100) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const), below: fc.nat(50) }) },
)
const steps = fc.array(step, { maxLength: 200 })

const fresh = () => new Table('t', { rowWords: 3, shardBits: 1 })

function play(table: Table, model: Model, step: Step): void {
  if (step.do === 'insert') {
    const at = table.insert(...step.key)
    expect(table.words[at + 2]).toBe(model.get(String(step.key)) ?? 0)
    table.words[at + 2] = step.value
    model.set(String(step.key), step.value)
  } else if (step.do === 'remove') {
    expect(table.remove(...step.key)).toBe(model.delete(String(step.key)))
  } else {
    let gone = 0
    for (const [key, value] of [...model]) if (value < step.below && model.delete(key)) gone++
    let swept = 0
    for (let shard = 0; shard < table.shardCount; shard++)
      swept += table.sweep(shard, (words, at) => words[at + 2]! < step.below)
    expect(swept).toBe(gone)
  }
}

function rowsOf(table: Table): Model {
  const rows: Model = new Map()
  table.each((words, at) => rows.set(`${words[at]},${words[at + 1]}`, words[at + 2]!))
  return rows
}

/** `words` is that of the last look-up, so it is read after it. */
function valueAt(table: Table, hi: number, lo: number): number | undefined {
  const at = table.find(hi, lo)
  return at < 0 ? undefined : table.words[at + 2]
}

function expectSame(table: Table, model: Model): void {
  expect([...rowsOf(table)].sort()).toEqual([...model].sort())
  expect(table.size).toBe(model.size)
  for (const [key, value] of model) {
    const [hi, lo] = key.split(',').map(Number) as [number, number]
    expect(valueAt(table, hi, lo)).toBe(value)
  }
}

const pagesOf = (table: Table) => {
  const pages: { page: string; bytes: Uint8Array }[] = []
  for (let page = table.nextPage(); page; page = table.nextPage()) pages.push(page)
  return pages
}

const restored = (...captures: { page: string; bytes: Uint8Array }[][]) => {
  const table = fresh()
  for (const { page, bytes } of captures.flat()) table.restore(Number(page.split('/')[1]), bytes)
  return table
}

describe('a table', () => {
  it('is a map', () => {
    fc.assert(
      fc.property(steps, steps => {
        const [table, model]: [Table, Model] = [fresh(), new Map()]
        for (const step of steps) play(table, model, step)
        expectSame(table, model)
        expect(table.find(0x1234_5678, 99)).toBe(-1)
      }),
    )
  })

  it('takes the key that marks a free place, as one with the key next to it', () => {
    const table = fresh()
    const at = table.insert(0, 0)
    table.words[at + 2] = 7
    expect(valueAt(table, 0, 0)).toBe(7)
    expect(table.find(0, 0)).toBe(table.find(0, 1))
    expect(table.remove(0, 0)).toBe(true)
    expect(table.find(0, 0)).toBe(-1)
  })

  it('captures what it was when the capture began, whatever happens between the pages', () => {
    fc.assert(
      fc.property(steps, steps, fc.nat(3), (before, during, pagesFirst) => {
        const [table, model]: [Table, Model] = [fresh(), new Map()]
        for (const step of before) play(table, model, step)
        const then: Model = new Map(model)
        table.beginCapture({ whole: true })
        const pages: { page: string; bytes: Uint8Array }[] = []
        for (const [i, step] of during.entries()) {
          if (i === pagesFirst) {
            const page = table.nextPage()
            if (page) pages.push(page)
          }
          play(table, model, step)
        }
        pages.push(...pagesOf(table))
        expectSame(restored(pages), then)
        expectSame(table, model)
      }),
    )
  })

  it('comes back from a whole capture and what changed since', () => {
    fc.assert(
      fc.property(steps, steps, steps, (first, second, third) => {
        const [table, model]: [Table, Model] = [fresh(), new Map()]
        for (const step of first) play(table, model, step)
        table.beginCapture({ whole: true })
        const whole = pagesOf(table)
        for (const step of second) play(table, model, step)
        table.beginCapture({ whole: false })
        const changed = pagesOf(table)
        const back = restored(whole, changed)
        expectSame(back, model)
        const same: Model = new Map(model)
        for (const step of third) {
          play(table, model, step)
          play(back, same, step)
        }
        expectSame(back, model)
      }),
    )
  })

  it('writes nothing when nothing changed', () => {
    const table = fresh()
    table.insert(1, 1)
    table.beginCapture({ whole: false })
    expect(pagesOf(table)).toHaveLength(1)
    table.find(1, 1)
    table.beginCapture({ whole: false })
    expect(pagesOf(table)).toEqual([])
    table.update(1, 1)
    table.beginCapture({ whole: false })
    expect(pagesOf(table)).toHaveLength(1)
  })

  it('gives back the space of what was swept', () => {
    const table = fresh()
    for (let i = 1; i <= 10_000; i++) table.insert(i * 0x10_0001, Math.imul(i, 0x9e37_79b1) >>> 0)
    const full = table.bytes
    for (let shard = 0; shard < table.shardCount; shard++) table.sweep(shard, () => true)
    expect([table.size, table.bytes]).toEqual([0, 0])
    expect(full).toBeLessThan((10_000 * 12 * 1.7) as number)
  })
})
