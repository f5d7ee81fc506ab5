import { describe, expect, it } from 'vitest'
import { compile, Reading } from './match.ts'
import type { Gap, GapType, Piece, Skeleton } from './skeleton.ts'

const fixed = (text: string): Piece => ({ fixed: [{ kind: 'word', text }] })
const gap = (type: GapType, more: Partial<Gap> = {}): Piece => ({ gap: { type, charsMax: 64, ...more } })
const skeleton = (...pieces: Piece[]): Skeleton => ({ parts: [{ part: 'subject', wrapped: false, pieces }] })
const values = (one: Skeleton, subject: string) => compile(one)(new Reading({ subject }))?.map(({ value }) => value)

const hello = skeleton(fixed('Hello'), gap('text'), fixed(', your code is'), gap('number'), fixed('.'))

describe('a mail has a skeleton', () => {
  it.each<[given: string, subject: string, then: string[] | undefined]>([
    ['plain values', 'Hello Anna, your code is 123.', ['Anna', '123']],
    ['none', 'Hello, your code is.', ['', '']],
    ['the words of a fixed text in a value', 'Hello A, your code is B, your code is 5.', ['A, your code is B', '5']],
    ['a value that ends like the fixed text', 'Hello A., your code is 5.', ['A.', '5']],
    ['words for a number', 'Hello Anna, your code is five.', undefined],
    ['something behind', 'Hello Anna, your code is 5. Call us.', undefined],
    ['something ahead', 'Oh Hello Anna, your code is 5.', undefined],
    ['a value that is too long', `Hello ${'a'.repeat(65)}, your code is 5.`, undefined],
    ['Arabic digits', 'Hello أنّا, your code is ١٢٣.', ['أنّا', '١٢٣']],
  ])('%s', (_, subject, then) => {
    expect(values(hello, subject)).toEqual(then)
  })

  it.each<[GapType, string, boolean]>([
    ['ip', '2001:db8::1', true],
    ['ip', 'example.org', false],
    ['time', 'Nov 24, 2026 at 18:08', true],
    ['time', 'call 0800', false],
    ['address', 'a@example.org', true],
    ['address', 'a@example.org b@example.org', false],
    ['code', 'AB-12_x', true],
    ['code', 'AB 12', false],
    ['url', 'aB-_~.%20', true],
    ['url', 'a/../b', false],
    ['url', 'a?next=b', false],
    ['link', 'https://a.example/b', true],
    ['attribute', 'red" onclick="x', false],
  ])('%s: %s is %s', (type, value, then) => {
    expect(values(skeleton(fixed('('), gap(type), fixed(')')), `(${value})`) !== undefined).toBe(then)
  })

  it('in HTML no value has markup', () => {
    const one: Skeleton = {
      parts: [{ part: 'html', wrapped: false, pieces: [fixed('<p>'), gap('text'), fixed('</p>')] }],
    }
    const matches = (html: string) => compile(one)(new Reading({ subject: '', html }))
    expect(matches('<p>a &lt;3</p>')).toBeUndefined() // A subject that the skeleton does not have.
    const both: Skeleton = { parts: [{ part: 'subject', wrapped: false, pieces: [] }, ...one.parts] }
    const shown = (html: string) => compile(both)(new Reading({ subject: '', html }))?.map(({ value }) => value)
    expect(shown('<p>a &lt;3</p>')).toEqual(['a &lt;3'])
    expect(shown('<p>a</p><p>b</p>')).toBeUndefined()
    expect(shown('<p>a>b</p>')).toBeUndefined()
  })

  it('is given up in bounded time where everything looks alike', () => {
    const pieces = Array.from({ length: 40 }, () => [fixed('a'), gap('text', { charsMax: 4096 })]).flat()
    const started = performance.now()
    expect(values(skeleton(...pieces, fixed('b')), 'a'.repeat(20_000))).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(500)
  })
})
