import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { alarmTexts } from '../src/core/alarms.ts'
import { type ContentFinding, contentFindings } from '../src/core/content.ts'
import { reasonCodes } from '../src/core/reasons.ts'
import { rules } from '../src/domains/rules.ts'
import { problems } from '../src/inbound/http/problems.ts'
import { headerFaults } from '../src/inbound/smtp/headers.ts'
import { auditKinds } from '../src/ledger/audit.ts'
import { mailboxFaults } from '../src/std/mailbox.ts'
import { type TemplateFaultCode, templateFaultCodes } from '../src/templates/definition.ts'
import { eventually, run, startTocsin, type TestTocsin } from './examples/tocsin.ts'
import { filesUnder, isTest, read, root } from './sources.ts'

/** The text of the sources under a file or folder, without tests. */
const sourceOf = (...places: string[]): string =>
  places
    .flatMap(place => (place.endsWith('.ts') ? [place] : filesUnder(place)))
    .filter(path => path.endsWith('.ts') && !isTest(path))
    .map(read)
    .join('\n')

const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(match => match[1]!)

/** The members of a union of text literals. */
const unionIn = (path: string, name: string): string[] => {
  const body = new RegExp(`export type ${name} =([\\s\\S]*?)\\n(?:\\n|export|const)`).exec(read(path))?.[1]
  return matches(body ?? '', /'([^']+)'/g)
}

const http = sourceOf('src/inbound/http')
const smtp = sourceOf('src/inbound/smtp')
const accept = read('src/inbound/smtp/accept.ts')

/** What the sources can say, by the section of `docs/errors.md` that explains it. */
const codes: Record<string, string[]> = {
  'Reasons of a decision': reasonCodes,
  HTTP: Object.keys(problems),
  'Faults in a request': [
    ...matches(http, /'((?:field|text|content|template|slot|channel|sender|scope|stage|audience)\.[a-z-]+)'/g).filter(
      code =>
        !Object.hasOwn(problems, code) &&
        !templateFaultCodes.includes(code as TemplateFaultCode) &&
        !contentFindings.includes(code as ContentFinding),
    ),
    ...matches(read('src/templates/render.ts'), /'(slot\.[a-z]+)'/g),
    ...matches(http, /'(class\.[a-z-]+|campaign\.stage-[a-z-]+|idempotency\.key-malformed|build\.malformed)'/g),
    ...matches(read('src/config.ts'), /code: '(class\.[a-z-]+)'/g),
  ],
  Templates: [...templateFaultCodes],
  'Reported events': [
    ...matches(http + read('src/inbound/requester.ts'), /'(event\.(?!message-)[a-z-]+)'/g),
    ...unionIn('src/core/commands.ts', 'RefusalCode'),
  ],
  Traces: [
    ...unionIn('src/cli/replay/faults.ts', 'LineFault'),
    ...unionIn('src/cli/replay/faults.ts', 'OrderFault'),
    ...unionIn('src/inbound/http/requested.ts', 'RequestedFault').filter(code => code.startsWith('event.message-')),
  ],
  Alarms: Object.keys(alarmTexts),
  'Audit of domains': Object.keys(rules),
  Addresses: Object.keys(mailboxFaults),
  'SMTP replies': [
    ...[...smtp.matchAll(/\b([45]\d\d) ([45]\.\d+\.\d+)\b/g)].map(([, code, enhanced]) => `${code} ${enhanced}`),
    ...[...smtp.matchAll(/code: ([45]\d\d), enhanced: '([\d.]+)'/g)].map(([, code, enhanced]) => `${code} ${enhanced}`),
    ...matches(accept, /refusal\('([\d.]+)'/g).map(enhanced => `550 ${enhanced}`),
    ...matches(accept, /['`]([a-z]+[.-][a-z.-]+): /g),
  ],
  'Header faults': Object.keys(headerFaults),
  Starting: [
    ...unionIn('src/journal/startup-fault.ts', 'StartupFaultCode'),
    ...matches(read('src/inbound/keys.ts'), /'(key\.[a-z-]+|keys\.unreadable)'/g),
    ...matches(read('src/ledger/keys.ts'), /'(ledger\.[a-z-]+)'/g),
    ...matches(sourceOf('src/inbound/smtp/server.ts', 'src/main.ts'), /'((?:port|address)-(?:in-use|not-[a-z]+))'/g),
  ],
  Settings: [
    ...matches(read('src/config.ts'), /'((?:config|class)\.[a-z-]+)'/g),
    ...unionIn('src/outbound/email/upstream.ts', 'UpstreamFaultCode'),
    ...matches(sourceOf('src/outbound/webhook'), /'(secret-[a-z0-9]+)'/g).map(code => `config.webhook-${code}`),
  ],
  'Verifying the register': [...auditKinds],
  'Exit codes': ['0', '1', '2', '3'],
}

/** The sections of a page, and the first cells of the tables in each. */
function tablesOf(page: string): Map<string, string[]> {
  const sections = page.split(/^## /m).slice(1)
  return new Map(
    sections.map(section => {
      const [heading = '', ...lines] = section.split('\n')
      return [heading.trim(), lines.flatMap(line => /^\| `([^`]+)`/.exec(line)?.[1] ?? [])]
    }),
  )
}

describe('docs/errors.md', () => {
  const documented = tablesOf(read('docs/errors.md'))

  it.each(Object.keys(codes))('%s: every code, and no other', section => {
    const inSources = [...new Set(codes[section])].sort()
    expect(inSources.length, `the sources of "${section}" could not be read: mend test/docs.test.ts`).toBeGreaterThan(3)
    const onPage = documented.get(section) ?? []
    const missing = inSources.filter(code => !onPage.includes(code))
    const stale = onPage.filter(code => !inSources.includes(code))
    expect(
      { missing, stale },
      `To mend: in docs/errors.md, section "${section}", add a row for each missing code and remove the stale ones.`,
    ).toEqual({ missing: [], stale: [] })
  })

  it('has no section that no source stands behind', () => {
    expect([...documented.keys()].sort()).toEqual(Object.keys(codes).sort())
  })
})

const pages = [
  ...filesUnder('docs'),
  ...filesUnder('examples'),
  'README.md',
  'ARCHITECTURE.md',
  'STYLE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
].filter(path => path.endsWith('.md'))

describe('the pages', () => {
  const anchorOf = (heading: string): string =>
    heading
      .toLowerCase()
      .replace(/[`*]/g, '')
      .replace(/[^\p{L}\p{N}\s-]/gu, '')
      .trim()
      .replace(/\s/g, '-')

  it.each(pages)('%s leads only to what is there', page => {
    const links = matches(read(page), /\]\((?!https?:|mailto:)([^)\s]+)\)/g)
    const faults = links.filter(link => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : new URL(path, `file:///${page}`).pathname.slice(1)
      if (!exists(target)) return true
      return (
        anchor !== undefined &&
        !matches(read(target), /^#+ (.+)$/gm)
          .map(anchorOf)
          .includes(anchor)
      )
    })
    expect(faults, `To mend: correct these links in ${page}, or write what they lead to.`).toEqual([])
  })

  it.each(['ARCHITECTURE.md', 'docs/errors.md', 'STYLE.md'])('%s names only files that are there', page => {
    const named = matches(read(page), /`((?:src|sim|test|bench|bin|sql|docs|examples)\/[\w./*-]*)`/g)
    expect(
      named.filter(path => !path.includes('*') && !exists(path.replace(/\/$/, ''))),
      `To mend: ${page} names files that are not there; say where the thing is now.`,
    ).toEqual([])
  })

  it('name every setting of the environment', () => {
    const settings = [...new Set(matches(sourceOf('src'), /\b(TOCSIN_[A-Z_]+|DATABASE_URL)\b/g))]
    const readme = read('README.md')
    expect(
      settings.filter(setting => !readme.includes(`\`${setting}\``)),
      'To mend: add these to the table of settings in README.md.',
    ).toEqual([])
  })
})

function exists(path: string): boolean {
  try {
    read(path)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EISDIR'
  }
}

/**
 * The blocks marked `sh run` are what a reader may paste into a shell while Tocsin runs with the settings of the guide. They are run in the order
 * of the page, each page in one shell; a line `# → TEXT` says what the command before it prints.
 */
const snippets = pages
  .map(page => ({ page, blocks: matches(read(page), /^```sh run\n([\s\S]*?)^```$/gm) }))
  .filter(({ blocks }) => blocks.length > 0)

describe('the snippets', () => {
  let tocsin: TestTocsin
  beforeAll(async () => {
    tocsin = await startTocsin()
  })
  afterAll(() => tocsin?.stop())

  it('are there', () => {
    expect(snippets.map(({ page }) => page)).toEqual(expect.arrayContaining(['README.md', 'docs/guides/http.md']))
  })

  it.each(snippets)('$page does what it says', async ({ page, blocks }) => {
    const commands = blocks.join('\n')
    const script = ['set -e', ...commands.split('\n').map(line => line.replace(/^# → .*/, ''))].join('\n')
    const environment = {
      ...tocsin.environment,
      TOCSIN_SMTP_USER: tocsin.keys.smtpUser,
      TOCSIN_SMTP_PASSWORD: tocsin.keys.smtpPassword,
      PAGER: 'cat',
    }
    const shell = run('bash', ['-c', script], { cwd: root, environment })
    expect(await shell.ended, `To mend: the snippets of ${page}.\n${shell.output()}`).toBe(0)
    for (const expected of matches(commands, /^# → (.*)$/gm))
      expect(shell.output(), `To mend: what ${page} says its commands print.`).toContain(expected)
    await eventually(tocsin.messages, rows => rows.every(({ state }) => state !== 'queued'))
  })
})
