import { describe, expect, it } from 'vitest'
import { codeOf, filesUnder, functionsOf, importsOf, isTest, read } from './sources.ts'

// What reviews would say again and again. Each message names the place and how to mend it.

const sources = filesUnder('src').filter(path => path.endsWith('.ts'))
const product = sources.filter(path => !isTest(path))
const own = ['src', 'sim', 'test', 'bench', 'bin'].flatMap(filesUnder).filter(path => /\.(ts|js)$/.test(path))

/** Which folders of `src` a folder may import, itself aside. */
const allowed: Record<string, readonly string[]> = {
  std: [],
  core: ['std'],
  drills: ['std'],
  journal: ['core', 'std'],
  outbound: ['core', 'std'],
  views: ['core', 'std'],
  accounts: ['core', 'views', 'std'],
  templates: ['core', 'std'],
  proof: ['templates', 'core', 'std'],
  domains: ['core', 'std'],
  ledger: ['core', 'std'],
  authenticity: ['ledger', 'proof', 'views', 'core', 'std'],
  inbound: ['core', 'views', 'accounts', 'std'],
  engine: ['core', 'journal', 'outbound', 'std'],
}

/** Where the types of another folder may be named though its code may not be called: views and the notifier are handed a journal to follow. */
const typesOnly: Record<string, readonly string[]> = {
  views: ['journal'],
  outbound: ['journal'],
  ledger: ['journal'],
}

/** These put the parts together: they import everything, and only each other and the commands import them. */
const wiring = new Set([
  'main.ts',
  'config.ts',
  'operator-port.ts',
  'campaign-port.ts',
  'proposal-port.ts',
  'template-port.ts',
  'skeleton-port.ts',
  'verify-port.ts',
  'findings-port.ts',
  'report-port.ts',
  'domain-port.ts',
  'proof-port.ts',
  'template-writer.ts',
  'register.worker.ts',
  'ledger-port.ts',
  'ledger.worker.ts',
])

const partOf = (path: string): string => path.split('/')[1]!

describe('the house', () => {
  it('imports in the directions of the plan', () => {
    const faults = product
      .filter(path => !wiring.has(partOf(path)) && partOf(path) !== 'cli')
      .flatMap(path => importsOf(path).flatMap(imported => directionFault(path, imported) ?? []))
    expect(
      faults,
      mend('Move the code to where it may be, hand it in as a value, or move a shared type down.'),
    ).toEqual([])
  })

  it('keeps what is imported by nobody: tests, benchmarks, examples', () => {
    const faults = product.flatMap(path =>
      importsOf(path)
        .filter(({ path: to, own: ours }) => ours && (!to.startsWith('src/') || isTest(to)))
        .map(({ line, path: to }) => `${path}:${line} imports ${to}`),
    )
    expect(faults, mend('What the product needs belongs in src.')).toEqual([])
  })

  it('has no drawers', () => {
    const drawer = /(^|\/)(utils?|libs?|helpers?|interfaces?|common|misc)(\/|\.[jt]s$)/i
    expect(
      own.filter(path => drawer.test(path)),
      mend('Name a folder or file after what it is about.'),
    ).toEqual([])
  })
})

function directionFault(
  path: string,
  { line, path: to, own: ours, typesOnly: isType }: ReturnType<typeof importsOf>[number],
) {
  if (!ours || !to.startsWith('src/')) return undefined
  const [from, target] = [partOf(path), partOf(to)]
  if (from === target || allowed[from]?.includes(target)) return undefined
  if (isType && typesOnly[from]?.includes(target)) return undefined
  const may = allowed[from]?.join(', ') || 'nothing'
  return `${path}:${line} imports ${to}, and ${from} may import ${may}`
}

describe('the pure part', () => {
  const pure = product.filter(path => ['core', 'std', 'drills'].includes(partOf(path)))
  const impure =
    /\b(?:async|await|Promise|setTimeout|setInterval|queueMicrotask|process|Buffer|fetch|performance|Intl|require)\b|\bDate\.now\b|\bnew Date\b|\bDate\.parse\b|\bMath\.(?:random|exp|log\w*|pow|sqrt|cbrt|sin|cos|tan|hypot)\b|\btoLocale\w*|\blocaleCompare\b|\bcrypto\b|\bglobalThis\b|\bimport\(/

  it('has neither packages nor node: modules', () => {
    const faults = pure.flatMap(path =>
      importsOf(path)
        .filter(({ own: ours }) => !ours)
        .map(({ line, path: to }) => `${path}:${line} imports ${to}`),
    )
    expect(
      faults,
      mend('The same journal must give the same bits everywhere: let the shell do it and hand in the result.'),
    ).toEqual([])
  })

  it('has no clock, randomness, locale, waiting or inexact mathematics', () => {
    const faults = pure.flatMap(path => linesWith(path, impure))
    expect(faults, mend('Take the instant, the random bits or the result as a value.')).toEqual([])
  })
})

const functionLinesMax = 70

describe('the code', () => {
  it(`has functions of at most ${functionLinesMax} lines`, () => {
    const faults = own
      .filter(path => !isTest(path) && path.endsWith('.ts'))
      .flatMap(path =>
        functionsOf(read(path))
          .filter(({ lines }) => lines > functionLinesMax)
          .map(({ name, line, lines }) => `${path}:${line} ${name} has ${lines} lines`),
      )
    expect(faults, mend('Leave the ifs in the parent and give what each branch does a name.')).toEqual([])
  })

  it('names its limits with Max or Min at the end', () => {
    const badly = /^(?:export )?const (?:(?:max|min)[A-Z]\w*|\w*(?:Limit|Maximum|Minimum|AtMost|AtLeast)) =/
    const faults = product.flatMap(path => linesWith(path, badly))
    expect(faults, mend('What is limited, its unit, then Max or Min: retryDelayMsMax.')).toEqual([])
  })

  it('prints nothing but from a command', () => {
    const faults = product.filter(path => partOf(path) !== 'cli').flatMap(path => linesWith(path, /\bconsole\./))
    expect(faults, mend('Log with the logger that is handed in, or give the caller a value.')).toEqual([])
  })

  it('logs nothing personal or secret', () => {
    const personal =
      /\b(?:recipient|recipients|email|mailbox|password|passphrase|token|secret|credential|credentials|apiKey|causeKey)\b/i
    const faults = product.flatMap(path =>
      logCalls(read(path))
        .filter(({ call }) => personal.test(call) || /[\w.+-]+@[\w-]+\.\w/.test(call))
        .map(({ line }) => `${path}:${line}`),
    )
    expect(faults, mend('Log ids, names of classes and codes. Never an address, never a secret.')).toEqual([])
  })
})

/** The calls of a logger with all their arguments. */
function logCalls(text: string): { line: number; call: string }[] {
  return [...text.matchAll(/\blog(?:ger)?\.(?:trace|debug|info|warn|error|fatal)\(/g)].map(match => {
    let depth = 0
    let end = match.index
    do {
      if (text[end] === '(') depth++
      if (text[end] === ')') depth--
      end++
    } while (end < text.length && (depth > 0 || !text.slice(match.index, end).includes('(')))
    return { line: lineAt(text, match.index), call: text.slice(match.index, end) }
  })
}

describe('the tests', () => {
  it('are all run', () => {
    const left = /\b(?:it|test|describe)\.(?:only|skip|todo|fails)\b|\b(?:xit|xdescribe|fit|fdescribe)\(/
    const faults = own
      .filter(path => /\.test\.ts$/.test(path) || path.startsWith('sim/'))
      .flatMap(path => linesWith(path, left))
    expect(
      faults,
      mend('Make it run, or remove it. What needs something absent: skipIf or runIf, and print the reason.'),
    ).toEqual([])
  })

  it('never sleep for a while and hope', () => {
    const sleeps = /\bawait (?:sleep|delay|pause)\(\s*\d{4,}/
    const faults = own.filter(isTest).flatMap(path => linesWith(path, sleeps))
    expect(faults, mend('Wait for what is to happen, with a limit.')).toEqual([])
  })
})

describe('the package', () => {
  const locks = ['package-lock.json', 'bench/package-lock.json', 'examples/better-auth/package-lock.json']

  it.each(locks)('%s names versions and digests, and no address to download from', path => {
    type Lock = { packages: Record<string, { version?: string; resolved?: string }> }
    const { packages } = JSON.parse(read(path)) as Lock
    const faults = Object.entries(packages)
      .filter(([, { resolved }]) => resolved !== undefined)
      .map(([name]) => name)
    expect(
      faults,
      mend('npm install --package-lock-only, with omit-lockfile-registry-resolved=true in .npmrc.'),
    ).toEqual([])
  })

  it.each(locks)('%s holds every package that another one may ask for, so that npm ci takes it', path => {
    const { packages } = JSON.parse(read(path)) as { packages: Record<string, { optionalDependencies?: object }> }
    const wanted = Object.values(packages).flatMap(({ optionalDependencies }) =>
      Object.keys(optionalDependencies ?? {}),
    )
    const known = new Set(Object.keys(packages).map(name => name.slice(name.lastIndexOf('node_modules/') + 13)))
    const faults = [...new Set(wanted)].filter(name => !known.has(name))
    expect(faults, mend('Add an entry with version, os and cpu for each: npm ci refuses a lock without them.')).toEqual(
      [],
    )
  })
})

function linesWith(path: string, pattern: RegExp): string[] {
  return codeOf(read(path))
    .split('\n')
    .flatMap((line, at) => {
      const found = pattern.exec(line)
      return found ? [`${path}:${at + 1} ${found[0].trim()}`] : []
    })
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length

const mend = (how: string): string => `To mend: ${how}`

describe('the reading of sources', () => {
  it('sees every import, and whether it is for types only', () => {
    const imports = importsOf('test/tidy.test.ts')
    expect(imports.map(({ path, own: ours, typesOnly: isType }) => [path, ours, isType])).toEqual([
      ['vitest', false, false],
      ['test/sources.ts', true, false],
    ])
    const lines = product.flatMap(path => read(path).match(/^import /gm) ?? []).length
    expect(product.flatMap(importsOf).length).toBeGreaterThanOrEqual(lines)
  })

  it('leaves out comments, texts and patterns, and keeps the lines', () => {
    const text = "const a = 'Date.now' // Date.now\n/* new Date\n */ const b = x.replace(/'Date/g, `async`) + c / d\n"
    const code = codeOf(text)
    expect(code).not.toMatch(/Date|async/)
    expect(code.split('\n').length).toBe(text.split('\n').length)
    expect(code).toContain('c / d')
  })

  it('measures functions, methods and arrows', () => {
    const text =
      'function a(\n  b: {\n    c: 1\n  },\n): void {\n  if (b) {\n  }\n}\nclass D {\n  #e(f) {\n  }\n}\nconst g = (h) => {\n  i\n}\n'
    expect(functionsOf(text)).toEqual([
      { name: 'a', line: 1, lines: 8 },
      { name: '#e', line: 10, lines: 2 },
      { name: 'g', line: 13, lines: 3 },
    ])
  })
})
