import mjml2html from 'mjml'
import { type HtmlToken, htmlTokens } from '../std/html.ts'
import { elementDepthMax, type LocaleSource, type TemplateFaultCode } from './definition.ts'
import { directionOf } from './locales.ts'
import { htmlEscaped } from './render.ts'

// From MJML with Liquid in it to HTML with Liquid in it. MJML does not know Liquid: what stands in braces becomes a word on the way in, and is
// put back on the way out, where it also shows where it has got to.

export type Report = (code: TemplateFaultCode, detail: string) => void

/** A text with a word, `zqv0zq` for a value or `zqt0zq` for a tag, in the place of each of its `marks`. */
export type Marked = { text: string; marks: string[] }

const liquid = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g
export const markForm = /zqv(\d+)zq|zqt(\d+)zq/g

const containers = new Set('mj-body mj-wrapper mj-section mj-group mj-column mj-hero'.split(' '))
const heads = new Set('mjml mj-head mj-attributes mj-class mj-all'.split(' '))
const withText = new Set('mj-text mj-button mj-table mj-raw mj-title mj-preview mj-style'.split(' '))
const empty = new Set('mj-image mj-divider mj-spacer mj-breakpoint'.split(' '))
const isKnown = (name: string): boolean =>
  containers.has(name) || heads.has(name) || withText.has(name) || empty.has(name)

const tokensMax = 50_000

/**
 * HTML of one language, with marks where its Liquid has come to stand, or `undefined` after a fault. Reads no file and asks for nothing from anywhere:
 * includes, fonts, and elements that bring pictures of their own are refused.
 */
export async function htmlOf(locale: string, said: LocaleSource, report: Report): Promise<Marked | undefined> {
  let isFaulty = false
  const fault: Report = (code, detail) => {
    isFaulty = true
    report(code, detail)
  }
  const { text, marks } = marked(said)
  if (marks === undefined) return void fault('template.mjml', 'a word in it is one that is used for marks here')
  const source = prepared(text, { locale, said, marks }, fault)
  if (isFaulty) return undefined
  const html = await converted(source, fault)
  if (html === undefined) return undefined
  for (const [i, mark] of marks.entries())
    if (!html.includes(markOf(i, mark)))
      fault('template.slot-place', `${mark} does not come out: values stand in texts and in href, alt and title`)
  return isFaulty ? undefined : { text: withoutIndents(html), marks }
}

const markOf = (i: number, mark: string): string => `zq${mark.startsWith('{{') ? 'v' : 't'}${i}zq`

function marked({ mjml }: LocaleSource): Marked | { text: string; marks?: undefined } {
  if (mjml.search(markForm) >= 0) return { text: mjml }
  const marks: string[] = []
  const withoutComments = mjml.replace(/<!--[\s\S]*?-->/g, comment => comment.replaceAll(/[^\n]/g, ''))
  return { text: withoutComments.replace(liquid, mark => markOf(marks.push(mark) - 1, mark)), marks }
}

/** MJML's indentation is a fifth of a mail. Where spaces are shown as they are it stays. */
const withoutIndents = (html: string): string =>
  /<pre|white-space:\s*pre/i.test(html) ? html : html.replaceAll(/[ \t]*\n\s*/g, '\n')

type Preparing = { locale: string; said: LocaleSource; marks: string[] }

/** The source with its language, its preheader, and with conditions between elements where MJML lets them through. */
function prepared(text: string, { locale, said, marks }: Preparing, fault: Report): string {
  const { tokens, whole } = htmlTokens(text, tokensMax)
  if (!whole) fault('template.too-large', `MJML of at most ${tokensMax} tags and texts`)
  const open: string[] = []
  const lineOf = (at: number) => text.slice(0, at).split('\n').length
  const hasHead = tokens.some(token => token.kind === 'open' && token.name === 'mj-head')
  const hasTitle = tokens.some(token => token.kind === 'open' && token.name === 'mj-title')
  const added = additions(locale, said, { marks, hasTitle })
  let source = ''
  for (const token of tokens) {
    const written = text.slice(token.at, token.end)
    const inside = open.at(-1) ?? ''
    const where = `line ${lineOf(token.at)}`
    if (token.kind === 'open') {
      checkElement(token, where, fault)
      source += token.name === 'mjml' ? rootOf(token, locale) : written
      if (token.name === 'mj-head' || (token.name === 'mjml' && !hasHead))
        source += hasHead ? added : `<mj-head>${added}</mj-head>`
      if (isKnown(token.name) && !token.selfClosing) open.push(token.name)
      if (open.length === elementDepthMax + 1)
        fault('template.too-deep', `${where}: elements lie in each other at most ${elementDepthMax} deep`)
    } else {
      if (token.kind === 'close' && isKnown(token.name)) open.splice(open.lastIndexOf(token.name))
      source +=
        token.kind === 'text' && !withText.has(inside) ? betweenElements(written, inside, where, fault) : written
    }
  }
  return source
}

function checkElement({ name, attributes }: Extract<HtmlToken, { kind: 'open' }>, where: string, fault: Report): void {
  const isMjml = name.startsWith('mj')
  if (isMjml && !isKnown(name))
    fault(
      'template.mjml-element',
      `${where}: <${name}> is not taken here; it reads files, fonts or pictures, or needs scripts`,
    )
  if (!isMjml && !htmlElements.has(name)) fault('template.mjml-element', `${where}: <${name}> has no place in a mail`)
  for (const attribute of attributes)
    if (attribute.name.startsWith('on') || attribute.name === 'srcdoc' || attribute.name === 'action')
      fault('template.mjml-attribute', `${where}: ${attribute.name} is for scripts and forms`)
}

const htmlElements = new Set(
  'a abbr b bdi bdo blockquote br center cite code dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead time tr tt u ul var wbr'.split(
    ' ',
  ),
)

/** MJML leaves out text that stands between its elements; conditions there go through as raw. */
function betweenElements(written: string, inside: string, where: string, fault: Report): string {
  const isOnlyTags = written.replace(/zqt\d+zq/g, '').trim() === ''
  if (!isOnlyTags) fault('template.mjml', `${where}: text must stand in mj-text, mj-button or mj-table`)
  if (written.trim() === '' || !isOnlyTags) return written
  if (containers.has(inside)) return written.replace(/zqt\d+zq/g, tag => `<mj-raw>${tag}</mj-raw>`)
  fault('template.mjml', `${where}: conditions stand in mj-body and what lies in it`)
  return written
}

function rootOf({ attributes }: Extract<HtmlToken, { kind: 'open' }>, locale: string): string {
  const others = attributes.filter(({ name }) => name !== 'lang' && name !== 'dir')
  const kept = others.map(({ name, value }) => ` ${name}="${htmlEscaped(value)}"`).join('')
  return `<mjml lang="${locale}" dir="${directionOf(locale)}"${kept}>`
}

const rtlAttributes = `<mj-attributes>${['mj-wrapper', 'mj-section', 'mj-group', 'mj-column']
  .map(name => `<${name} direction="rtl" />`)
  .join('')}<mj-text align="right" /><mj-table align="right" /></mj-attributes>`

/** Its subject is the title where there is no other; texts of languages that run from right to left begin there. */
function additions(
  locale: string,
  { subject, preheader }: LocaleSource,
  { marks, hasTitle }: { marks: string[]; hasTitle: boolean },
): string {
  const markedText = (text: string) => htmlEscaped(text.replace(liquid, mark => markOf(marks.push(mark) - 1, mark)))
  let added = ''
  if (directionOf(locale) === 'rtl') added += rtlAttributes
  if (!hasTitle && !subject.includes('{%')) added += `<mj-title>${markedText(subject)}</mj-title>`
  if (preheader !== undefined) added += `<mj-preview>${markedText(preheader)}</mj-preview>`
  return added
}

type MjmlError = { line?: number; tagName?: string; message: string }

async function converted(source: string, fault: Report): Promise<string | undefined> {
  try {
    const { html } = await mjml2html(source, {
      validationLevel: 'strict',
      ignoreIncludes: true,
      keepComments: false,
      fonts: {},
    })
    return html
  } catch (error) {
    const { errors = [], message } = error as Error & { errors?: MjmlError[] }
    if (errors.length === 0) fault('template.mjml', message.split('\n')[0]!)
    for (const { line, tagName, message: detail } of errors)
      fault('template.mjml', `line ${line ?? '?'}, ${tagName ?? '?'}: ${detail}`)
    return undefined
  }
}
