import { conditionalHtml, type HtmlAttribute, type HtmlToken, htmlTokens, voidElements } from '../std/html.ts'

// An HTML part as its reader has it: the text that is shown, the links and what they show, and everything that is fetched or runs.

/** `shown`: the visible text within; empty for what is no link of a text. */
export type PageLink = { kind: 'link' | 'form' | 'resource' | 'image'; url: string; shown: string }

export type Page = {
  /** Lines as blocks break them; invisible text left out. */
  text: string
  /** What is in the page and is not shown: hidden elements, titles, alternatives of images. */
  hidden: string
  links: PageLink[]
  base?: string
  /** Scripts, handlers of events, and elements that bring another page in. */
  active: boolean
  /** False when there was too much of it. */
  whole: boolean
}

const tokensMax = 200_000
const linksMax = 5000

export function readPage(html: string): Page {
  const reader = new Reader()
  // What stands in the place of such a name only a reader of XML knows, as an attached image is one.
  if (html.includes('<!ENTITY')) reader.distrust()
  const { tokens, whole } = htmlTokens(html, tokensMax)
  reader.read(tokens)
  return reader.page(whole)
}

const inline = new Set(
  'a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike strong sub sup time tt u var wbr img'.split(
    ' ',
  ),
)
const urlAttributes = new Set(
  'href src background action formaction poster data xlink:href ping longdesc dynsrc lowsrc'.split(' '),
)
/** Elements that bring another page in, and those of SVG that change the target of a link after it was read. */
const pages = new Set(['iframe', 'frame', 'object', 'embed', 'applet', 'portal', 'animate', 'set'])
const foreign = new Set(['svg', 'math'])
const shownAttributes = new Set(['alt', 'title', 'aria-label', 'placeholder', 'value', 'content'])

/** What no reader shows. A size of zero is no such sign: layouts have it around text that sets its own. */
const hides =
  /(?:display\s*:\s*none|visibility\s*:\s*hidden|(?:max-height|opacity)\s*:\s*0(?:\.0+)?(?:px|em|rem|%|pt)?\s*(?:;|$|!))/i

class Reader {
  #text = ''
  #hidden = ''
  /** Asking the text for its end would join its pieces anew each time. */
  #isAtLineStart = true
  readonly #links: PageLink[] = []
  #base: string | undefined
  #active = false
  #overflow = false
  /** The element that hides what is in it, and how deep others of its name are open in it. */
  #hiding: { name: string; depth: number } | undefined
  #inRaw = ''
  #isForeign = false
  readonly #open: PageLink[] = []

  read(tokens: readonly HtmlToken[]): void {
    for (const token of tokens)
      switch (token.kind) {
        case 'text':
          this.#say(token.text)
          break
        case 'open':
          this.#element(token.name, token.attributes, token.selfClosing)
          break
        case 'close':
          this.#close(token.name)
          break
        case 'comment':
          this.#comment(token.text)
          break
        case 'doctype':
          break
      }
  }

  distrust(): void {
    this.#active = true
  }

  page(whole: boolean): Page {
    const page: Page = {
      text: this.#text,
      hidden: this.#hidden,
      links: this.#links,
      active: this.#active,
      whole: whole && !this.#overflow,
    }
    if (this.#base !== undefined) page.base = this.#base
    return page
  }

  #say(text: string): void {
    // Within SVG and MathML a style or script has elements in it as any other has (WHATWG HTML §13.2.6.5), and no honest one has any.
    if (this.#isForeign && (this.#inRaw === 'style' || this.#inRaw === 'script') && /<[a-z]/i.test(text))
      this.#active = true
    if (this.#inRaw === 'style') return this.#css(text)
    if (this.#inRaw === 'script') return
    if (this.#inRaw !== '' || this.#hiding) {
      this.#hidden += text
      return
    }
    this.#text += text
    this.#isAtLineStart = false
    for (const link of this.#open) link.shown += text
  }

  #break(): void {
    if (this.#hiding) this.#hidden += '\n'
    else if (!this.#isAtLineStart) this.#text += '\n'
    this.#isAtLineStart = true
    for (const link of this.#open) if (link.shown !== '') link.shown += '\n'
  }

  #element(name: string, attributes: readonly HtmlAttribute[], selfClosing: boolean): void {
    if (!inline.has(name)) this.#break()
    if (foreign.has(name)) this.#isForeign = true
    if (name === 'style' || name === 'script' || name === 'title') this.#inRaw = name
    if (pages.has(name) || (name === 'script' && !isData(attributes))) this.#active = true
    if (this.#hiding?.name === name && !voidElements.has(name)) this.#hiding.depth++
    let link: PageLink | undefined
    for (const { name: attribute, value } of attributes) link = this.#attribute(name, attribute, value) ?? link
    if (name === 'meta') this.#meta(attributes)
    if (!this.#hiding && !voidElements.has(name) && !selfClosing && isHidden(attributes))
      this.#hiding = { name, depth: 1 }
    if (name !== 'a') return
    // A link within a link ends the one around it (WHATWG HTML §13.2.6.4.7).
    this.#open.length = 0
    if (link) this.#open.push(link)
  }

  #attribute(element: string, attribute: string, value: string): PageLink | undefined {
    // In XML the prefix is whatever the page says.
    if (urlAttributes.has(attribute) || attribute.endsWith(':href')) {
      if (element === 'base' && attribute === 'href') this.#base ??= value
      return this.#link(kindOf(element, attribute), value)
    }
    if (attribute === 'style') this.#css(value)
    else if (attribute === 'srcset')
      for (const url of value.split(/,\s+|\s+/)) if (/[/:]/.test(url)) this.#link('image', url)
    if (shownAttributes.has(attribute)) this.#hidden += `${value}\n`
    else if (attribute.startsWith('on') && value.trim() !== '') this.#active = true
    else if (attribute === 'srcdoc') this.#active = true
    return undefined
  }

  #link(kind: PageLink['kind'], url: string): PageLink | undefined {
    if (this.#links.length >= linksMax) {
      this.#overflow = true
      return undefined
    }
    const link: PageLink = { kind, url, shown: '' }
    this.#links.push(link)
    return link
  }

  /** A refresh goes to its address without anybody pressing anything. */
  #meta(attributes: readonly HtmlAttribute[]): void {
    const named = (wanted: string) => attributes.find(({ name }) => name === wanted)?.value
    if (named('http-equiv')?.trim().toLowerCase() !== 'refresh') return
    const url = /^\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?["']?([^"']*)/i.exec(named('content') ?? '')?.[1]
    if (url) this.#link('link', url)
    this.#active = true
  }

  #close(name: string): void {
    if (!inline.has(name)) this.#break()
    if (name === this.#inRaw) this.#inRaw = ''
    if (name === 'a') this.#open.length = 0
    if (this.#hiding?.name === name && --this.#hiding.depth === 0) this.#hiding = undefined
  }

  #comment(text: string): void {
    const inside = conditionalHtml(text)
    if (inside === undefined) return
    const { tokens, whole } = htmlTokens(inside, tokensMax)
    if (!whole) this.#overflow = true
    // What is in it is HTML to some and a comment to others: neither sees the other's element end.
    const before = this.#hiding
    this.read(tokens.filter(({ kind }) => kind !== 'comment'))
    this.#hiding = before
    if (this.#inRaw !== '') this.#inRaw = ''
  }

  /** `url(…)` and `@import`, escapes resolved (CSS Syntax §4.3.7). */
  #css(written: string): void {
    if (!/url|import|\\|\/\//i.test(written)) return
    const css = written
      .replace(/\/\*[\s\S]*?(?:\*\/|$)/g, '')
      .replace(/\\([0-9a-f]{1,6})\s?/gi, (_, hex: string) => codePoint(Number.parseInt(hex, 16)))
      .replace(/\\(.)/g, '$1')
    for (const [, , url] of css.matchAll(/url\(\s*(["']?)([^"')]*)\1/gi)) this.#link('image', url!.trim())
    for (const [, url] of css.matchAll(/@import\s+["']([^"']*)["']/gi)) this.#link('resource', url!)
    // Of `image-set` and whatever comes to be: an address in quotes.
    for (const [, url] of css.matchAll(/["']\s*((?:[a-z][a-z0-9+.-]{0,30}:)?\/\/[^"']*)["']/gi))
      this.#link('image', url!)
  }
}

const codePoint = (code: number): string => (code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd')

/** Structured data for the mailbox's own use runs nowhere. */
const isData = (attributes: readonly HtmlAttribute[]): boolean =>
  attributes.some(({ name, value }) => name === 'type' && /^\s*application\/(?:ld\+)?json\s*$/i.test(value))

const isHidden = (attributes: readonly HtmlAttribute[]): boolean =>
  attributes.some(({ name, value }) => name === 'hidden' || (name === 'style' && hides.test(value)))

function kindOf(element: string, attribute: string): PageLink['kind'] {
  if (attribute === 'action' || attribute === 'formaction') return 'form'
  if (element === 'a' || element === 'area' || element === 'base') return 'link'
  return attribute === 'background' || element === 'img' || element === 'image' || element === 'input'
    ? 'image'
    : 'resource'
}
