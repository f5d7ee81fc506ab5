import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { colorText } from './colors.ts'
import { type Page, type Run, readPage } from './page.ts'

const run = (html: string, text = 'x'): Run => {
  const found = readPage(html).runs.find(one => one.text.trim() === text)
  if (!found) throw new Error(`nothing says ${text}`)
  return found
}
const look = (html: string, scheme: 'light' | 'dark' = 'light'): string => {
  const { color, background } = run(html)[scheme]
  return `${color && colorText(color)} on ${background && colorText(background)}`
}
const style = (css: string, body: string): string => `<style>${css}</style>${body}`

describe('how text looks', () => {
  it.each([
    ['as it comes', '<p>x', '#000000 on #ffffff'],
    ['by its own style', '<p style="color:red;background:#eee">x', '#ff0000 on #eeeeee'],
    ['by what is around it', '<div style="background:navy;color:white"><p>x', '#ffffff on #000080'],
    ['by a class', style('.a{color:#123}', '<p class="b a">x'), '#112233 on #ffffff'],
    [
      'by the more specific rule',
      style('#a{color:#111} p.b{color:#222} p{color:#333}', '<p id=a class=b>x'),
      '#111111 on #ffffff',
    ],
    ['by the later of two', style('p{color:#111} p{color:#222}', '<p>x'), '#222222 on #ffffff'],
    ['by what is important', style('p{color:#111!important}', '<p style="color:#222">x'), '#111111 on #ffffff'],
    ['by ancestors', style('table td{color:#111}', '<table><tr><td><p>x'), '#111111 on #ffffff'],
    ['not by children of others', style('.a > p{color:#111}', '<div class=a><div><p>x'), '#000000 on #ffffff'],
    ['by the parent', style('.a > p{color:#111}', '<div class=a><div class=a><p>x'), '#111111 on #ffffff'],
    ['by an attribute', style('[data-x="1"]{color:#111}', '<p data-x=1>x'), '#111111 on #ffffff'],
    [
      'not by what is for print',
      style('@media print{p{color:#111}} p:hover{color:#222}', '<p>x'),
      '#000000 on #ffffff',
    ],
    ['not for a width', style('@media (max-width:600px){p{color:#111}}', '<p>x'), '#000000 on #ffffff'],
    [
      'not by a style sheet for a width',
      '<style media="(max-width:600px)">p{color:#111}</style><p>x',
      '#000000 on #ffffff',
    ],
    ['on a screen', style('@media only screen{p{color:#111}}', '<p>x'), '#111111 on #ffffff'],
    ['with an old attribute', '<table bgcolor=333333><tr><td><font color=eeeeee>x', '#eeeeee on #333333'],
    ['as a link', '<a href="https://a.example">x</a>', '#0000ee on #ffffff'],
    ['through another', '<div style="background:#000"><p style="color:rgba(255,255,255,.5)">x', '#808080 on #000000'],
    ['with an image behind it', '<p style="background:#222 url(red.png)">x', '#000000 on #222222'],
    ['in a color that is not understood', '<p style="color:color-mix(in srgb, red, blue)">x', 'undefined on #ffffff'],
    [
      'over what is not understood',
      '<p style="background:linear-gradient(90deg, var(--a), var(--b))">x',
      '#000000 on undefined',
    ],
  ])('%s', (_, html, expected) => {
    expect(look(html)).toBe(expected)
  })

  it('in a dark scheme, where the mail has one', () => {
    const dark = '@media (prefers-color-scheme: dark){p{color:#eee!important;background:#111!important}}'
    const html = style(dark, '<p style="color:#222;background:#fff">x')
    expect([look(html), look(html, 'dark')]).toEqual(['#222222 on #ffffff', '#eeeeee on #111111'])
    expect(look('<meta name="color-scheme" content="light dark"><p>x', 'dark')).toBe('#ffffff on #121212')
    expect(look('<p>x', 'dark')).toBe('#000000 on #ffffff')
  })

  it.each([
    ['<p style="font-size:10px">x', 10],
    ['<p style="font-size:9pt">x', 12],
    ['<div style="font-size:20px"><p style="font-size:.5em">x', 10],
    ['<p style="font:italic 14px/1.5 Arial">x', 14],
    ['<h1>x', 32],
    ['<font size=1>x', 10],
    ['<small>x', 13.28],
  ])('%s has %s px', (html, sizePx) => {
    expect(run(html).sizePx).toBeCloseTo(sizePx, 5)
  })

  it.each([
    ['<p style="display:none">x', true],
    ['<p style="visibility:hidden">x', true],
    ['<div style="max-height:0;overflow:hidden"><p>x', true],
    ['<p style="opacity:0">x', true],
    ['<p style="text-indent:-9999px">x', true],
    ['<p hidden>x', true],
    ['<p style="overflow:hidden;max-height:40px">x', false],
    ['<p style="opacity:.9">x', false],
  ])('%s is hidden: %s', (html, hidden) => {
    expect(run(html).hidden).toBe(hidden)
  })
})

describe('what a page has', () => {
  const page = (html: string): Page => readPage(html)

  it('lines as they are read', () => {
    const html =
      '<title>t</title><style>s</style><p>One<br>two <b>three</b><p>four<ul><li>a<li>b</ul><table><tr><td>c<td>d<tr><td>e</table>'
    expect(page(html).lines).toEqual(['One', 'two three', 'four', 'a', 'b', 'c', 'd', 'e'])
  })

  it('links with their text, those of Outlook too', () => {
    const html =
      '<a href="https://a.example">go <b>there</b></a><!--[if mso]><v:roundrect href="https://b.example"><![endif]-->'
    expect(page(html).links.map(({ href, text }) => [href, text])).toEqual([
      ['https://a.example', 'go there'],
      ['https://b.example', ''],
    ])
  })

  it('language, direction, images, what is fetched, what runs', () => {
    const html =
      '<html lang="de" dir="ltr"><style>@import "https://s.example/a.css";</style><body onload="x()" background="https://b.example/b.png"><img src="c.png" width="1" style="height:2px"><form><p style="background:url(https://d.example/d.png)">x'
    const { language, direction, images, remote, active } = page(html)
    expect({ language, direction, images, remote: remote.sort(), active: active.sort() }).toEqual({
      language: 'de',
      direction: 'ltr',
      images: [{ src: 'c.png', alt: undefined, width: 1, height: 2, hidden: false }],
      remote: ['https://b.example/b.png', 'https://s.example/a.css', 'https://d.example/d.png'].sort(),
      active: ['<form>', 'onload="…"'].sort(),
    })
  })

  it('is read whatever is given', () => {
    const piece = fc.constantFrom(
      '<p>',
      '</p>',
      '<table>',
      '<td>',
      '</div>',
      '<a href=x>',
      '<style>',
      '.a{',
      '}',
      '@media',
      '(',
      '"',
      'x',
      '<!--[if mso]>',
      '-->',
      '<b style="color:',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 80 }), pieces => {
        expect(Array.isArray(readPage(pieces.join('')).lines)).toBe(true)
      }),
      { verbose: 1 },
    )
  })

  it.each([
    ['elements in each other', '<div>'.repeat(20_000)],
    ['paragraphs', '<p>a'.repeat(20_000)],
    [
      'rules',
      `<style>${'.a .b .c .d{color:red}'.repeat(5000)}</style>${'<div class="a b c">'.repeat(150)}${'<p class=d>x'.repeat(200)}`,
    ],
  ])('takes no long time over many %s', (_, html) => {
    const from = process.threadCpuUsage()
    readPage(html)
    const { user, system } = process.threadCpuUsage(from)
    expect((user + system) / 1000).toBeLessThan(2000)
  })
})
