import { conditionalHtml, type HtmlToken, htmlTokens, voidElements } from '../../std/html.ts'
import { black, type Color, white } from './colors.ts'
import { isBold, isHidden, type Look, lookOf, rootSizePx, sideOf, sizeOf } from './looks.ts'
import { cascaded, parseDeclarations, parseStyleSheet, type Styled, type StyleRule } from './styles.ts'

// What a reader sees of the HTML of a mail: its text with color and size, links, images. No layout: where something stands is not known.

export type Run = {
  text: string
  sizePx: number
  bold: boolean
  /** Nobody sees it, whatever its colors. */
  hidden: boolean
  light: Look
  dark: Look
  link: number | undefined
}

export type PageLink = { href: string; text: string; hidden: boolean; images: string[] }
export type PageImage = {
  src: string
  alt: string | undefined
  width: number | undefined
  height: number | undefined
  hidden: boolean
}

export type Page = {
  runs: Run[]
  /** What is seen, one line for each block. */
  lines: string[]
  links: PageLink[]
  images: PageImage[]
  /** Addresses from which style sheets, fonts and backgrounds come. */
  remote: string[]
  /** Elements and attributes that mail must not have: scripts, forms, frames. */
  active: string[]
  language: string | undefined
  direction: string | undefined
  title: string
  /** It says how it looks in a dark scheme. */
  hasDarkScheme: boolean
  /** Not all of it was read. */
  cut: boolean
}

type Element = Styled & {
  parent: Element | undefined
  sizePx: number
  bold: boolean
  hidden: boolean
  light: Look
  dark: Look
  link: number | undefined
}

const tokensMax = 40_000
const depthMax = 200
const htmlCharsMax = 1_000_000

const blocks = new Set(
  'address article aside blockquote body center dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section table tbody td tfoot th thead tr ul'.split(
    ' ',
  ),
)
/** Start tags that end an open element of the same kind (WHATWG HTML §13.1.2.4): end tags of these may be left out. */
const endsOpen: Record<string, readonly string[]> = {
  li: ['li'],
  dt: ['dt', 'dd'],
  dd: ['dt', 'dd'],
  tr: ['tr', 'td', 'th'],
  td: ['td', 'th'],
  th: ['td', 'th'],
  option: ['option'],
}
const barriers = new Set(['table', 'ul', 'ol', 'dl', 'body', 'html'])
const linkColor: Color = { r: 0, g: 0, b: 238, a: 1 }
/** What programs paint behind a mail in a dark scheme is near to this, and their links are light. */
const darkCanvas: Color = { r: 18, g: 18, b: 18, a: 1 }
const darkLinkColor: Color = { r: 158, g: 158, b: 255, a: 1 }

/** Reads the HTML of a mail. Never throws; of what is very large only the beginning is read. */
export function readPage(html: string): Page {
  const { tokens, whole } = htmlTokens(html.slice(0, htmlCharsMax), tokensMax)
  const reader = new Reader(styleRulesIn(tokens), tokens)
  for (const token of tokens) reader.take(token)
  return reader.page(!whole || html.length > htmlCharsMax)
}

function styleRulesIn(tokens: readonly HtmlToken[]): StyleRule[] {
  return tokens.flatMap((token, at) => {
    const before = tokens[at - 1]
    if (token.kind !== 'text' || before?.kind !== 'open' || before.name !== 'style') return []
    const media = before.attributes.find(({ name }) => name === 'media')?.value
    return parseStyleSheet(media === undefined ? token.text : `@media ${media} { ${token.text} }`)
  })
}

class Reader {
  readonly #rules: readonly StyleRule[]
  readonly #hasDarkScheme: boolean
  readonly #runs: Run[] = []
  readonly #lines: string[] = ['']
  readonly #links: PageLink[] = []
  readonly #images: PageImage[] = []
  readonly #remote: string[] = []
  readonly #active: string[] = []
  readonly #root: Element
  #at: Element
  #depth = 0
  #language: string | undefined
  #direction: string | undefined
  #title = ''

  constructor(rules: readonly StyleRule[], tokens: readonly HtmlToken[]) {
    this.#rules = rules
    this.#hasDarkScheme = declaresDark(rules, tokens)
    this.#root = {
      name: '',
      id: undefined,
      classes: [],
      attributes: new Map(),
      parent: undefined,
      sizePx: rootSizePx,
      bold: false,
      hidden: false,
      light: { color: black, background: white },
      dark: this.#hasDarkScheme ? { color: white, background: darkCanvas } : { color: black, background: white },
      link: undefined,
    }
    this.#at = this.#root
  }

  take(token: HtmlToken): void {
    switch (token.kind) {
      case 'open':
        return this.#open(token.name, new Map(token.attributes.map(({ name, value }) => [name, value])))
      case 'close':
        return this.#close(token.name)
      case 'text':
        return this.#text(token.text)
      case 'comment':
        return this.#comment(token.text)
      case 'doctype':
        return
    }
  }

  page(cut: boolean): Page {
    return {
      runs: this.#runs,
      lines: this.#lines.map(line => line.replace(/\s+/g, ' ').trim()).filter(line => line !== ''),
      links: this.#links,
      images: this.#images,
      remote: [...new Set(this.#remote)],
      active: [...new Set(this.#active)],
      language: this.#language,
      direction: this.#direction,
      title: this.#title.trim(),
      hasDarkScheme: this.#hasDarkScheme,
      cut,
    }
  }

  #open(name: string, attributes: Map<string, string>): void {
    if (name === 'html' || name === 'body') {
      this.#language ??= attributes.get('lang')
      this.#direction ??= attributes.get('dir')
    }
    this.#remember(name, attributes)
    this.#endOpen(name)
    if (blocks.has(name) || name === 'br') this.#break()
    const element = this.#element(name, attributes)
    if (name === 'a' && attributes.has('href')) {
      element.link = this.#links.length
      this.#links.push({ href: attributes.get('href')!, text: '', hidden: element.hidden, images: [] })
    }
    if (name === 'img') this.#image(element, attributes)
    if (voidElements.has(name) || this.#depth >= depthMax) return
    this.#at = element
    this.#depth++
  }

  #close(name: string): void {
    let closing: Element | undefined = this.#at
    let levels = 1
    while (closing && closing.name !== name) {
      closing = closing.parent
      levels++
    }
    if (blocks.has(name)) this.#break()
    if (!closing?.parent) return
    this.#at = closing.parent
    this.#depth -= levels
  }

  #endOpen(name: string): void {
    const ends = endsOpen[name] ?? (blocks.has(name) ? ['p'] : undefined)
    if (!ends) return
    for (let open: Element | undefined = this.#at; open && !barriers.has(open.name); open = open.parent) {
      if (ends.includes(open.name)) return this.#close(open.name)
      if (ends[0] === 'p' && open.name !== 'p' && blocks.has(open.name)) return
    }
  }

  #text(text: string): void {
    const { name } = this.#at
    if (name === 'title') this.#title += text
    if (name === 'style') this.#remote.push(...addressesIn(text))
    if (['title', 'style', 'script', 'template', 'noembed', 'noframes', 'iframe'].includes(name)) return
    if (text.trim() === '') {
      if (!this.#at.hidden) this.#lines[this.#lines.length - 1] += text === '' ? '' : ' '
      return
    }
    const { sizePx, bold, hidden, light, dark, link } = this.#at
    this.#runs.push({ text, sizePx, bold, hidden, light, dark, link })
    if (link !== undefined) this.#links[link]!.text += text
    if (!hidden) this.#lines[this.#lines.length - 1] += text
  }

  /** Outlook reads these as HTML, so the links in them are links. */
  #comment(comment: string): void {
    const html = conditionalHtml(comment)
    if (html === undefined) return
    for (const token of htmlTokens(html, tokensMax).tokens) {
      if (token.kind !== 'open') continue
      const attributes = new Map(token.attributes.map(({ name, value }) => [name, value]))
      this.#remember(token.name, attributes)
      const href = attributes.get('href')
      if (href !== undefined && token.name !== 'link') this.#links.push({ href, text: '', hidden: true, images: [] })
    }
  }

  #break(): void {
    if (this.#lines.at(-1) !== '') this.#lines.push('')
  }

  #remember(name: string, attributes: ReadonlyMap<string, string>): void {
    if (['script', 'form', 'iframe', 'object', 'embed', 'applet', 'base', 'input', 'button', 'frame'].includes(name))
      this.#active.push(`<${name}>`)
    if (name === 'meta' && attributes.get('http-equiv')?.toLowerCase() === 'refresh')
      this.#active.push('<meta refresh>')
    for (const attribute of attributes.keys()) if (/^on[a-z]+$/.test(attribute)) this.#active.push(`${attribute}="…"`)
    if (name === 'link' && attributes.has('href')) this.#remote.push(attributes.get('href')!)
    if (attributes.has('background')) this.#remote.push(attributes.get('background')!)
    const style = attributes.get('style')
    if (style !== undefined) this.#remote.push(...addressesIn(style))
  }

  #image(element: Element, attributes: ReadonlyMap<string, string>): void {
    const alt = attributes.get('alt')
    const image = {
      src: attributes.get('src') ?? '',
      alt,
      width: sideOf(attributes, 'width'),
      height: sideOf(attributes, 'height'),
      hidden: element.hidden,
    }
    this.#images.push(image)
    if (this.#at.link !== undefined) this.#links[this.#at.link]!.images.push(alt ?? '')
  }

  #element(name: string, attributes: ReadonlyMap<string, string>): Element {
    const parent = this.#at
    const element: Element = {
      ...parent,
      name,
      id: attributes.get('id'),
      classes: attributes.get('class')?.split(/\s+/) ?? [],
      attributes,
      parent,
    }
    const own = parseDeclarations(attributes.get('style') ?? '')
    const light = cascaded(element, this.#rules, own, false)
    element.sizePx = sizeOf(element, light)
    element.bold = isBold(element, light)
    element.hidden = parent.hidden || isHidden(element, light)
    element.light = lookOf(element, light, parent.light, linkColor)
    element.dark = this.#hasDarkScheme
      ? lookOf(element, cascaded(element, this.#rules, own, true), parent.dark, darkLinkColor)
      : element.light
    return element
  }
}

function declaresDark(rules: readonly StyleRule[], tokens: readonly HtmlToken[]): boolean {
  return (
    rules.some(
      ({ scheme, declarations }) =>
        scheme === 'dark' || /\bdark\b/i.test(declarations.get('color-scheme')?.value ?? ''),
    ) ||
    tokens.some(
      token =>
        token.kind === 'open' &&
        token.name === 'meta' &&
        token.attributes.some(({ name, value }) => name === 'name' && /^(?:supported-)?color-schemes?$/i.test(value)) &&
        token.attributes.some(({ name, value }) => name === 'content' && /\bdark\b/i.test(value)),
    )
  )
}

const addressesIn = (css: string): string[] =>
  [...css.matchAll(/url\(\s*["']?([^"')\s]{1,2000})|@import\s+["']([^"']{1,2000})/gi)].map(
    found => (found[1] ?? found[2])!,
  )
