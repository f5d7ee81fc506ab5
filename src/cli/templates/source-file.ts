import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { UsageFault } from '../usage.ts'

type Fields = Record<string, unknown>

/**
 * A template as it lies on disk: JSON, in which a language may name files beside it, `mjmlFile` and `textFile`, in the place of `mjml` and
 * `text`. Throws `UsageFault` where a file cannot be read.
 */
export async function readTemplateFile(path: string): Promise<Fields> {
  const template = parsed(path, await read(path))
  const { locales } = template
  if (!isObject(locales)) return template
  const whole: Fields = {}
  for (const [tag, said] of Object.entries(locales))
    whole[tag] = isObject(said) ? await withFiles(dirname(path), said) : said
  return { ...template, locales: whole }
}

async function withFiles(folder: string, said: Fields): Promise<Fields> {
  const { mjmlFile, textFile, ...rest } = said
  for (const [part, file] of [
    ['mjml', mjmlFile],
    ['text', textFile],
  ] as const) {
    if (file === undefined) continue
    if (typeof file !== 'string' || isAbsolute(file))
      throw new UsageFault(`${part}File is a path from the folder of FILE`)
    rest[part] = await read(join(folder, file))
  }
  return rest
}

const read = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageFault(`${path} cannot be read: ${error.code}`)
  })

function parsed(path: string, text: string): Fields {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch (error) {
    throw new UsageFault(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  throw new UsageFault(`${path} is not a JSON object`)
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
