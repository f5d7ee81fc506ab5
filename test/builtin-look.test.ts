import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import chromium from '@sparticuz/chromium'
import { type Browser, type Page, chromium as playwright } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtInTemplates } from '../src/templates/builtin/builtin.ts'
import { compile } from '../src/templates/compile.ts'
import type { Compiled } from '../src/templates/compiled.ts'
import { sampleSets } from '../src/templates/lint/template.ts'
import { parseTemplate } from '../src/templates/parse.ts'
import { render } from '../src/templates/render.ts'

// The built-in templates in a browser. Pictures, for people to look at, are taken when TOCSIN_LOOK_DIR names a folder.

const folder = process.env.TOCSIN_LOOK_DIR
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const code = 'ABCD-EFGH-JKMN'

const looks = [
  { width: 360, scheme: 'light' },
  { width: 360, scheme: 'dark' },
  { width: 1024, scheme: 'light' },
  { width: 1024, scheme: 'dark' },
] as const

/** These make Chromium one process, which ends with the first page that is closed. */
const unwanted = ['--single-process', '--no-zygote']

let browser: Browser
let page: Page

beforeAll(async () => {
  if (folder !== undefined) mkdirSync(folder, { recursive: true })
  const args = chromium.args.filter(arg => !unwanted.includes(arg))
  browser = await playwright.launch({ executablePath: await chromium.executablePath(), args })
  page = await (await browser.newContext({ offline: true })).newPage()
}, 60_000)

afterAll(async () => {
  await browser?.close()
})

async function compiledOf(input: unknown): Promise<Compiled> {
  const parsed = parseTemplate(input)
  const result = parsed.ok ? await compile(parsed.source) : parsed
  if (!result.ok) throw new Error(JSON.stringify(result.faults))
  return result.compiled
}

type Look = { width: number; scheme: 'light' | 'dark' }

/** Takes a picture where one is wanted, and says by how many pixels the page is wider than its window. */
async function overflowOf(html: string, { width, scheme }: Look, picture: string): Promise<number> {
  await page.setViewportSize({ width, height: 900 })
  await page.emulateMedia({ colorScheme: scheme })
  await page.setContent(html)
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${picture}.png`), fullPage: true })
  return (await page.evaluate('document.documentElement.scrollWidth - innerWidth')) as number
}

/** What axe finds on the page as it is: WCAG 2.2, A and AA. */
async function violations(): Promise<string[]> {
  await page.evaluate(axe)
  const found = await page.evaluate(
    `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }).then(({ violations }) => violations)`,
  )
  return (found as { id: string; nodes: { html: string }[] }[]).map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
}

describe.each(builtInTemplates.map(input => [input.name, input] as const))('%s', (name, input) => {
  let compiled: Compiled
  beforeAll(async () => {
    compiled = await compiledOf(input)
  })

  it('can be read by everybody, narrow and wide, light and dark', async () => {
    const values = sampleSets(compiled.slots)[1]!
    for (const locale of Object.keys(compiled.locales)) {
      const { html } = render(compiled, locale, values, { code }).rendered
      for (const look of looks) {
        const overflow = await overflowOf(html, look, `${name}-${locale}-${look.width}-${look.scheme}`)
        const found = look.width === 360 ? await violations() : []
        expect({ locale, look, overflow, found }).toEqual({ locale, look, overflow: 0, found: [] })
      }
    }
  }, 120_000)

  it('holds the longest and right-to-left values at 320 px, which is 1280 px at 400 % (WCAG 2.2, 1.4.10)', async () => {
    for (const [at, values] of sampleSets(compiled.slots).entries()) {
      const { html } = render(compiled, 'de', values, { code }).rendered
      const overflow = await overflowOf(html, { width: 320, scheme: 'light' }, `${name}-values-${at}`)
      expect({ at, overflow }).toEqual({ at, overflow: 0 })
    }
  }, 120_000)
})
