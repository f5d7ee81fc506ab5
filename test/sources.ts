import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** The root of the project. */
export const root = join(import.meta.dirname, '..')

const passedOver = new Set(['node_modules', '.git', '.tocsin', 'coverage', 'dist'])

/** Every file under a folder of the project, as paths from the root. */
export function filesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !passedOver.has(name))
    .flatMap(entry => {
      const path = posix.join(folder, entry.name)
      return entry.isDirectory() ? filesUnder(path) : [path]
    })
}

export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

export const isTest = (path: string): boolean => path.endsWith('.test.ts')

/** A module that a file imports: as a path from the root when it is ours. */
export type Import = { line: number; path: string; own: boolean; typesOnly: boolean }

export function importsOf(path: string): Import[] {
  const text = read(path)
  const found = text.matchAll(
    /^(?:import|export)\s+(type\s)?(?:[\w*{},\s]*\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  return [...found].map(match => {
    const name = (match[2] ?? match[3])!
    const own = name.startsWith('.')
    return {
      line: text.slice(0, match.index).split('\n').length,
      path: own ? posix.join(posix.dirname(path), name) : name,
      own,
      typesOnly: match[1] !== undefined,
    }
  })
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

/** A source without comments, texts and regular expressions, every line where it was. What stands in `${}` is lost with its text. */
export function codeOf(text: string): string {
  const pattern =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`|(?<=[(,=:[!&|?{};>\n]\s*|return\s+)\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g
  return text.replace(pattern, blank)
}

/** A function, its lines counted from 1. */
export type FunctionSpan = { name: string; line: number; lines: number }

/** The functions of a source that the formatter has laid out: each ends with the first brace at the indentation it began with. */
export function functionsOf(text: string): FunctionSpan[] {
  const lines = codeOf(text).split('\n')
  return lines.flatMap((line, at) => {
    const indent = indentOf(line)
    const name = nameOf(line)
    if (name === undefined) return []
    const length = lines
      .slice(at + 1)
      .findIndex(other => other.startsWith(`${indent}}`) && !/[{(]$/.test(other.trimEnd()))
    return length < 0 ? [] : [{ name, line: at + 1, lines: length + 2 }]
  })
}

const indentOf = (line: string): string => /^ */.exec(line)![0]

const control = /^\s*(?:\} )?(?:if|for|while|switch|catch|else|return|do|try)\b/

/** What a line that opens a function calls it; `undefined` when it opens none. */
function nameOf(line: string): string | undefined {
  const named = /^\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?function\*?\s*(\w*)/.exec(line)
  if (named) return named[1] || 'a function'
  if (/=>\s*\{\s*$/.test(line)) return /(?:const|let)\s+(\w+)/.exec(line)?.[1] ?? 'an arrow function'
  if (control.test(line)) return undefined
  return /^\s+(?:(?:static|async|get|set|override|private)\s+)*\*?([#\w]+)(?:<.*>)?\(.*[{(]\s*$/.exec(line)?.[1]
}
