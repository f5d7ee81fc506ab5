import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { conditionalHtml, type HtmlToken, htmlTokens, resolveReferences } from './html.ts'

const shown = (token: HtmlToken): string => {
  switch (token.kind) {
    case 'text':
      return JSON.stringify(token.text)
    case 'open':
      return `<${[token.name, ...token.attributes.map(({ name, value }) => `${name}=${JSON.stringify(value)}`)].join(' ')}${token.selfClosing ? '/' : ''}>`
    case 'close':
      return `</${token.name}>`
    case 'comment':
      return `!${JSON.stringify(token.text)}`
    case 'doctype':
      return '!doctype'
  }
}

const tokensMax = 10_000
const read = (html: string): string => htmlTokens(html, tokensMax).tokens.map(shown).join(' ')

describe('the tokens of HTML', () => {
  it.each([
    ['text alone', 'a & b', '"a & b"'],
    ['an element', '<p>Hello</p>', '<p> "Hello" </p>'],
    ['capitals in names', '<P CLASS=A>x</P>', '<p class="A"> "x" </p>'],
    ['quotes of each kind', `<a href="x y" title='"'>`, `<a href="x y" title="\\"">`],
    ['a value without quotes', '<a href=https://a.example/?b=1&amp;c>x', '<a href="https://a.example/?b=1&c"> "x"'],
    ['spaces around the equals sign', '<a href = "x">', '<a href="x">'],
    ['an attribute without value', '<input disabled>', '<input disabled="">'],
    ['the first of two of one name', '<a href=1 HREF=2>', '<a href="1">'],
    ['a slash in the place of a space', '<a/href=x>', '<a href="x">'],
    ['a slash within a value', '<a href=x/>', '<a href="x/">'],
    ['a tag that closes itself', '<br/><br />', '<br/> <br/>'],
    ['a bracket within quotes', '<a title="a>b">c', '<a title="a>b"> "c"'],
    ['an equals sign first in a name', '<a =x>', '<a =x="">'],
    ['a tag that the input ends in', '<a href="x', '<a href="x">'],
    ['references in a link', '<a href="&#104;ttps&colon;&sol;&sol;x">', '<a href="https://x">'],
    ['a line break in a link', '<a href="a&NewLine;b">', '<a href="a\\nb">'],
    ['what is no tag', '1 < 2 <3 & a<', '"1 < 2 <3 & a<"'],
    ['an end tag with attributes', '</p x=">">z', '</p> "z"'],
    ['an end tag without a name', 'a</>b</ c>d', '"a" !"" "b" !" c" "d"'],
    ['the last two signs', 'a</', '"a</"'],
    ['a comment', 'a<!-- <b> -->c', '"a" !" <b> " "c"'],
    ['comments that end at once', '<!-->a<!--->b', '!"" "a" !"" "b"'],
    ['a comment that ends oddly', '<!-- a --!>b', '!" a " "b"'],
    ['a comment without end', '<!-- a', '!" a"'],
    ['declarations', '<!DOCTYPE html><!x><?xml?>', '!doctype !"x" !"?xml?"'],
    ['a style', '<style>a > b { } </b> &amp;</STYLE >c', '<style> "a > b { } </b> &amp;" </style> "c"'],
    ['a title', '<title>a <b> &amp;</title>c', '<title> "a <b> &" </title> "c"'],
    ['a style without end', '<style>a<b>', '<style> "a<b>"'],
    ['noscript, for mail has no scripts', '<noscript><a href=x></noscript>', '<noscript> <a href="x"> </noscript>'],
  ])('%s: %s', (_, html, expected) => {
    expect(read(html)).toBe(expected)
  })

  it('stops at its limit and says so', () => {
    expect(htmlTokens('<b>'.repeat(5), 4)).toMatchObject({ whole: false, tokens: { length: 4 } })
    expect(htmlTokens('<b>'.repeat(4), 4)).toMatchObject({ whole: true, tokens: { length: 4 } })
  })

  it('covers its input without a gap, whatever it is', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      '!',
      '-',
      '--',
      '="',
      "'",
      'a',
      'style',
      '&',
      '#',
      ';',
      ' ',
      '</',
      '<!--',
      'é',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), pieces => {
        const html = pieces.join('')
        const { tokens } = htmlTokens(html, tokensMax)
        expect(tokens.map(({ at, end }) => html.slice(at, end)).join('')).toBe(html)
        expect(tokens.every(({ at, end }) => end > at)).toBe(true)
      }),
      { verbose: 1 },
    )
  })

  it.each([
    '<',
    '</',
    '<a ',
    '<!--',
    '<!--a-->',
    '<!----',
    '<a href="',
    '&',
    '<style>',
    '</style',
    '<title>',
    '<a b=',
    "<a b='",
    '<!',
    '<?',
    '&#x',
  ])('is linear in 300 kB of %j', piece => {
    const time = (times: number): number => {
      const html = piece.repeat(Math.ceil(times / piece.length))
      const from = performance.now()
      htmlTokens(html, 1_000_000)
      return performance.now() - from
    }
    time(30_000)
    // Thirty times what a tenth takes would be quadratic by half; the constant keeps short times from being compared.
    expect(time(300_000)).toBeLessThan(30 * time(30_000) + 100)
  })
})

describe('character references', () => {
  it.each([
    ['&amp;&lt;&#65;&#x41;&#X41;', '&<AAA'],
    ['&copy &notit; &notin;', '© ¬it; ∉'],
    ['&#0;&#xd800;&#99999999999;&#x80;', '\ufffd\ufffd\ufffd€'],
    ['&;&#;&#x;&unknown;&', '&;&#;&#x;&unknown;&'],
    ['&commat;&period;&sol;&Tab;', '@./\t'],
    ['&ampamp; &amp;amp;', '&amp; &amp;'],
  ])('%s', (text, expected) => {
    expect(resolveReferences(text, false)).toBe(expected)
  })

  it('are left in the query of a link', () => {
    expect(resolveReferences('?a=1&copy=2&reg;&amp;x&lt', true)).toBe('?a=1&copy=2®&x<')
  })
})

describe('what Outlook reads in comments', () => {
  it.each([
    ['[if mso | IE]><table><![endif]', '<table>'],
    ['[if !mso]><a href="x">', '<a href="x">'],
    [' a comment ', undefined],
    ['[if mso', undefined],
  ])('%s', (comment, expected) => {
    expect(conditionalHtml(comment)).toBe(expected)
  })
})
