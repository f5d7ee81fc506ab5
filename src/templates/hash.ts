import { hash } from 'node:crypto'
import type { TemplateSource } from './definition.ts'

/**
 * Stands for all that turns a source into pieces: ours, MJML's and LiquidJS's. A new one gives every source a new hash, so that nothing is
 * sent that looks other than what was approved; versions that were compiled before stay as they were compiled.
 */
export const compilerVersion = 'tocsin 1, mjml 5.4.1, liquidjs 10.30.1'

/** SHA-256, base64url, over the canonical JSON of a source and the version of the compiler. */
export const templateHash = (source: TemplateSource): string =>
  hash('sha256', canonicalJson({ compiler: compilerVersion, source }), 'base64url')

/** One writing for one value: names sorted by UTF-16 code units, no spaces, texts and numbers as in ECMAScript (RFC 8785 §3.2). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`
}
