import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
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

// The built-in templates in a browser. Pictures go to TOCSIN_LOOK_DIR, or to a temporary folder that is named at the end.

const folder = process.env.TOCSIN_LOOK_DIR ?? mkdtempSync(join(tmpdir(), 'tocsin-look-'))
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
  mkdirSync(folder, { recursive: true })
  const args = chromium.args.filter(arg => !unwanted.includes(arg))
  browser = await playwright.launch({ executablePath: await chromium.executablePath(), args })
  page = await (await browser.newContext({ offline: true })).newPage()
}, 60_000)

afterAll(async () => {
  await browser?.close()
  console.log(`pictures of the built-in templates: ${folder}`)
})

async function compiledOf(input: unknown): Promise<Compiled> {
  const parsed = parseTemplate(input)
  const result = parsed.ok ? await compile(parsed.source) : parsed
  if (!result.ok) throw new Error(JSON.stringify(result.faults))
  return result.compiled
}

type Violation = { id: string; impact: string; nodes: { html: string }[] }

/** What axe finds (WCAG 2.2 A and AA, best practices of its own aside), and by how much the page is wider than its window. */
async function seen(html: string, { width, scheme }: { width: number; scheme: 'light' | 'dark' }, picture?: string) {
  await page.setViewportSize({ width, height: 900 })
  await page.emulateMedia({ colorScheme: scheme })
  await page.setContent(html)
  await page.evaluate(axe)
  const violations = (await page.evaluate(
    `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }).then(({ violations }) => violations)`,
  )) as Violation[]
  const overflow = (await page.evaluate('document.documentElement.scrollWidth - innerWidth')) as number
  if (picture !== undefined) await page.screenshot({ path: join(folder, `${picture}.png`), fullPage: true })
  return { violations: violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`), overflow }
}

describe.each(builtInTemplates.map(input => [input.name, input] as const))('%s', (name, input) => {
  let compiled: Compiled
  beforeAll(async () => {
    compiled = await compiledOf(input)
  })

  it('can be read by everybody, narrow and wide, light and dark', async () => {
    const values = sampleSets(compiled.slots)[1]!
    for (const locale of Object.keys(compiled.locales))
      for (const look of looks) {
        const { rendered } = render(compiled, locale, values, { code })
        const found = await seen(rendered.html, look, `${name}-${locale}-${look.width}-${look.scheme}`)
        expect({ look, ...found }).toEqual({ look, violations: [], overflow: 0 })
      }
  }, 120_000)

  it('holds the longest and right-to-left values at 320 px, which is 1280 px at 400 % (WCAG 2.2, 1.4.10)', async () => {
    for (const [at, values] of sampleSets(compiled.slots).entries()) {
      const { rendered } = render(compiled, 'de', values, { code })
      const found = await seen(rendered.html, { width: 320, scheme: 'light' }, `${name}-values-${at}`)
      expect({ at, ...found }).toEqual({ at, violations: [], overflow: 0 })
    }
  }, 120_000)
})
