import chromium from '@sparticuz/chromium'
import { type Browser, chromium as playwright } from 'playwright-core'
import { afterAll } from 'vitest'

let opened: Promise<Browser> | undefined

/** One browser for the tests of a file. */
export function browser(): Promise<Browser> {
  opened ??= chromium
    .executablePath()
    .then(executablePath =>
      playwright.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], headless: true }),
    )
  return opened
}

afterAll(async () => (await opened)?.close())
