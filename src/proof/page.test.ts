import { describe, expect, it } from 'vitest'
import { type Page, readPage } from './page.ts'

const urls = ({ links }: Page): string[] => links.map(({ kind, url }) => `${kind} ${url}`)

describe('a page as its reader has it', () => {
  it.each<[string, string, string]>([
    ['blocks are lines, what is inline is not', '<p>a<b>b</b></p><div>c<br>d</div>', 'ab\nc\nd\n'],
    ['references are resolved', 'M&uuml;ller &amp; S&#246;hne', 'Müller & Söhne'],
    ['what is hidden is not seen', 'a<div style="display: none">b<div>c</div></div>d', 'a\nd'],
    ['nor what is hidden by name', '<p hidden>a</p>b', 'b'],
    ['a size of zero is set anew within', '<td style="font-size:0px"><p style="font-size:13px">a</p></td>', 'a\n'],
    ['nor styles, titles and scripts', '<title>t</title><style>p{}</style><script>x</script>a', 'a'],
    ['comments are not', 'a<!-- b -->c', 'ac'],
    ['but what Outlook reads is', 'a<!--[if mso]>b<![endif]-->c', 'abc'],
    ['a void element hides nothing', '<img hidden>a', 'a'],
  ])('%s', (_, html, text) => expect(readPage(html).text).toBe(text))

  it('has its links with what they show, one within another apart', () => {
    expect(readPage('<a href=x>one <b>two</b></a> three <a href=y>four<a href=z>five</a>').links).toEqual([
      { kind: 'link', url: 'x', shown: 'one two' },
      { kind: 'link', url: 'y', shown: 'four' },
      { kind: 'link', url: 'z', shown: 'five' },
    ])
  })

  it.each<[string, string[]]>([
    ['<img src=a srcset="b 1x, c/d 2x">', ['image a', 'image c/d']],
    ['<td background=a><body background=b>', ['image a', 'image b']],
    ['<p style="background:url(a)">', ['image a']],
    ['<style>@import url("a"); @import \'b\'; p{src:url( c )}</style>', ['image a', 'image c', 'resource b']],
    ['<form action=a><button formaction=b>', ['form a', 'form b']],
    ['<link href=a><area href=b><video poster=c src=d>', ['resource a', 'link b', 'resource c', 'resource d']],
    ['<meta http-equiv=refresh content="5;URL=\'a\'">', ['link a']],
    ['<!--[if mso]><v:rect href=a><v:fill src=b><![endif]-->', ['resource a', 'resource b']],
    ['<style>p{background:u\\72l(a)}</style>', ['image a']],
    ['<style>p{/* url(a) */}</style>', []],
    ['<s:svg xmlns:l="http://www.w3.org/1999/xlink"><s:a l:href=a>x</s:a>', ['resource a']],
    ['<style>p{background:image-set("//a" 1x, \'https://b\' 2x)}</style>', ['image //a', 'image https://b']],
  ])('%s', (html, found) => expect(urls(readPage(html)).sort()).toEqual([...found].sort()))

  it('tells of what runs', () => {
    for (const html of [
      '<script>x</script>',
      '<p onclick=x>',
      '<iframe>',
      '<object>',
      '<p srcdoc=x>',
      '<meta http-equiv=refresh content="0;a">',
      '<svg><style><a href=//evil.example>x</a></style></svg>',
      '<math><style><img src=//evil.example></style></math>',
      '<svg><script type="application/json"><a href=//evil.example>x</a></script></svg>',
      '<svg><a><animate attributeName=href values=//evil.example /></a></svg>',
      '<svg><a><set attributeName=href to=//evil.example /></a></svg>',
      '<!DOCTYPE svg [<!ENTITY x "//evil.example">]><svg><a href="&x;">x</a></svg>',
    ])
      expect(readPage(html).active, html).toBe(true)
    for (const html of [
      '<p>x',
      '<script type="application/ld+json">{}</script>',
      '<p onclick="">',
      '<form>',
      '<svg><style>a>b{}</style></svg>',
      '<style>/* a <td> */</style>',
    ])
      expect(readPage(html).active, html).toBe(false)
  })

  it('says when there is too much of it', () => {
    expect(readPage('<b>'.repeat(200_001)).whole).toBe(false)
    expect(readPage('<a href=x>'.repeat(5001)).whole).toBe(false)
    expect(readPage('<a href=x>'.repeat(5000)).whole).toBe(true)
  })
})
