import type { LocaleSource } from '../definition.ts'

// One look for all built-in templates, and one content for both parts of each: the HTML and the plain text cannot say different things.

/** Said always, or under a condition of Liquid. */
export type Said = string | { when: string; say: string }

export type Block =
  | { kind: 'text'; says: Said[] }
  /** What happened, as label and value. */
  | { kind: 'facts'; facts: { label: string; value: string; when?: string }[] }
  | { kind: 'list'; items: Said[] }
  | { kind: 'button'; label: string; slot: string; when?: string }

export type Section = { title?: string; blocks: Block[] }

export type Content = {
  subject: string
  preheader: string
  /** Title of the page: without Liquid's tags. */
  title: string
  heading: string
  sections: Section[]
  /** How to find out whether the message is genuine; the code stands behind it. */
  check: { title: string; says: string; code: string }
  /** Why this person gets this message. */
  why: string
}

// Contrast in either scheme is at least 5 to 1; the lint measures it.
const font = '-apple-system, BlinkMacSystemFont, Segoe UI, Roboto, Helvetica, Arial, sans-serif'
const mono = 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace'
const colors = {
  page: '#f2f4f6',
  card: '#ffffff',
  text: '#1f2933',
  quiet: '#4b5a69',
  line: '#d5dbe1',
  box: '#f2f4f6',
  button: '#243b53',
}

const style = `
      :root { color-scheme: light dark; supported-color-schemes: light dark; }
      h1, h2, p, ul { margin: 0; }
      p + p, p + ul, ul + p { margin-top: 12px; }
      h2 + p { margin-top: 6px; }
      li + li { margin-top: 4px; }
      @media (prefers-color-scheme: dark) {
        .page, .page > div { background-color: #11161b !important; }
        .card, .card > table { background-color: #1b2229 !important; border-color: #36414c !important; }
        .card > table > tbody > tr > td { border-color: #36414c !important; }
        .card div, .card td, .card h1, .card h2 { color: #e6eaee !important; }
        .card .label, .foot div { color: #aeb9c4 !important; }
        .card .code { background-color: #11161b !important; border-color: #36414c !important; }
        .button td, .button a { background: #cdd9e5 !important; color: #11161b !important; }
      }
    `

/** MJML and plain text of a message in one language. */
export function localeOf(content: Content): LocaleSource {
  return {
    subject: content.subject,
    preheader: content.preheader,
    mjml: mjmlOf(content),
    text: textOf(content),
  }
}

function mjmlOf({ title, heading, sections, check, why }: Content): string {
  return `<mjml>
  <mj-head>
    <mj-title>${title}</mj-title>
    <mj-attributes>
      <mj-all font-family="${font}" />
      <mj-text font-size="16px" line-height="24px" color="${colors.text}" padding="0 24px" />
      <mj-table font-size="16px" line-height="24px" color="${colors.text}" padding="0 24px" />
    </mj-attributes>
    <mj-style>${style}</mj-style>
  </mj-head>
  <mj-body width="560px" background-color="${colors.page}" css-class="page">
    <mj-section padding="12px 0 0"><mj-column><mj-spacer height="8px" /></mj-column></mj-section>
    <mj-section css-class="card" background-color="${colors.card}" border="1px solid ${colors.line}" border-radius="8px" padding="28px 0">
      <mj-column>
        <mj-text padding="0 24px 6px"><h1 style="font-size:24px;line-height:32px;font-weight:600">${heading}</h1></mj-text>
${sections.map(sectionMjml).join('\n')}
      </mj-column>
    </mj-section>
    <mj-section padding="12px 0 0"><mj-column><mj-spacer height="4px" /></mj-column></mj-section>
    <mj-section css-class="card" background-color="${colors.card}" border="1px solid ${colors.line}" border-radius="8px" padding="20px 0">
      <mj-column>
        <mj-text><h2 style="font-size:16px;line-height:24px;font-weight:600">${check.title}</h2><p>${check.says}</p></mj-text>
        <mj-text padding="12px 24px 0" line-height="28px"><span class="label" style="color:${colors.quiet}">${check.code}</span> <span class="code" style="display:inline-block;font-family:${mono};font-size:18px;letter-spacing:1px;padding:2px 10px;background-color:${colors.box};border:1px solid ${colors.line};border-radius:4px">{{ code }}</span></mj-text>
      </mj-column>
    </mj-section>
    <mj-section css-class="foot" padding="16px 0 32px">
      <mj-column><mj-text font-size="14px" line-height="20px" color="${colors.quiet}">${why}</mj-text></mj-column>
    </mj-section>
  </mj-body>
</mjml>
`
}

function sectionMjml({ title, blocks }: Section): string {
  const heading =
    title === undefined
      ? []
      : [
          `        <mj-text padding="24px 24px 0"><h2 style="font-size:18px;line-height:26px;font-weight:600">${title}</h2></mj-text>`,
        ]
  return [...heading, ...blocks.map(blockMjml)].join('\n')
}

function blockMjml(block: Block): string {
  switch (block.kind) {
    case 'text':
      return `        <mj-text padding="10px 24px 0">${block.says.map(said => conditional(said, say => `<p>${say}</p>`)).join('')}</mj-text>`
    case 'list':
      return `        <mj-text padding="10px 24px 0"><ul style="padding-left:20px">${block.items.map(said => conditional(said, say => `<li>${say}</li>`)).join('')}</ul></mj-text>`
    case 'facts':
      return `        <mj-table role="presentation" padding="16px 24px 0">${block.facts.map(factMjml).join('')}</mj-table>`
    case 'button': {
      const button = `<mj-button css-class="button" align="left" padding="16px 24px 6px" inner-padding="13px 22px" font-size="16px" font-weight="600" background-color="${colors.button}" color="#ffffff" border-radius="6px" href="{{ ${block.slot} }}">${block.label}</mj-button>`
      return `        ${conditional(block.when === undefined ? button : { when: block.when, say: button }, say => say)}`
    }
  }
}

function factMjml({ label, value, when }: { label: string; value: string; when?: string }): string {
  const cell = 'padding:3px 0;vertical-align:top'
  const labelStyle = `${cell};padding-right:20px;width:1%;white-space:nowrap;word-break:normal;color:${colors.quiet}`
  const row = `<tr><td class="label" style="${labelStyle}">${label}</td><td style="${cell};word-break:break-word">${value}</td></tr>`
  return conditional(when === undefined ? row : { when, say: row }, say => say)
}

function conditional(said: Said, form: (say: string) => string): string {
  return typeof said === 'string' ? form(said) : `{% if ${said.when} %}${form(said.say)}{% endif %}`
}

function textOf({ heading, sections, check, why }: Content): string {
  const parts = sections.map(({ title, blocks }) => {
    const body = blocks.map(blockText).join('')
    return title === undefined ? body : `${plain(title)}\n\n${body}`
  })
  return [
    `${plain(heading)}\n\n`,
    ...parts,
    `${plain(check.title)}\n\n${plain(check.says)}\n${check.code} {{ code }}\n\n`,
    plain(why),
    '\n',
  ].join('')
}

/** Marks of HTML in the texts are few: what sets a value of another direction apart. */
const plain = (text: string): string => text.replace(/<\/?(?:bdi|strong)>/g, '').replaceAll('&amp;', '&')

function blockText(block: Block): string {
  switch (block.kind) {
    case 'text':
      return block.says.map(said => conditional(said, say => `${plain(say)}\n\n`)).join('')
    case 'list':
      return `${block.items.map(said => conditional(said, say => `- ${plain(say)}\n`)).join('')}\n`
    case 'facts':
      return `${block.facts
        .map(({ label, value, when }) => {
          const line = `${label}: ${plain(value)}\n`
          return when === undefined ? line : conditional({ when, say: line }, say => say)
        })
        .join('')}\n`
    case 'button':
      return conditional(
        block.when === undefined ? block.slot : { when: block.when, say: block.slot },
        slot => `${block.label}:\n{{ ${slot} }}\n\n`,
      )
  }
}
