import { assert } from '../std/assert.ts'
import type { CompileResult } from './compile.ts'
import type { Compiled } from './compiled.ts'
import type { TemplateSource } from './definition.ts'
import { templateHash } from './hash.ts'

/** Where versions are kept; see `journal/template-store.ts`. */
export type SourceStore = {
  put(hash: string, template: { source: string; compiled: string; seal: string }): Promise<void>
  find(hash: string): Promise<{ source: string; compiled: string; seal: string } | undefined>
}

export type LibraryOptions = {
  store: SourceStore
  compile(source: TemplateSource): Promise<CompileResult>
  /** A keyed hash, under a key that the database does not have. */
  seal(text: string): string
  /** Those that come with Tocsin; they are compiled when somebody first needs one. */
  builtIn: readonly TemplateSource[]
}

/** What was stored is not what was compiled here: somebody has changed it behind the journal's back. Nothing is rendered from it. */
export class ChangedTemplate extends Error {
  override readonly name = 'ChangedTemplate'
}

/** Versions in memory: some 100 KB each. */
const readyMax = 128

/** All versions by hash, ready to render: in memory, else from the store, else, when they come with Tocsin, compiled now. */
export class TemplateLibrary {
  readonly #options: LibraryOptions
  readonly #ready = new Map<string, Compiled>()
  readonly #underWay = new Map<string, Promise<Compiled | undefined>>()
  readonly #builtIn: Map<string, TemplateSource>

  constructor(options: LibraryOptions) {
    this.#options = options
    this.#builtIn = new Map(options.builtIn.map(source => [templateHash(source), source]))
  }

  /** Those that come with Tocsin, and their hashes. */
  get builtIn(): ReadonlyMap<string, TemplateSource> {
    return this.#builtIn
  }

  /** Compiles a version and keeps it: durable before its hash is told to anybody. */
  async add(source: TemplateSource): Promise<CompileResult> {
    const known = await this.find(templateHash(source)).catch(() => undefined)
    if (known) return { ok: true, compiled: known }
    return this.#make(source)
  }

  /** Without waiting; `undefined` where it is not in memory. */
  at(hash: string): Compiled | undefined {
    const compiled = this.#ready.get(hash)
    if (!compiled || this.#ready.size < readyMax) return compiled
    this.#ready.delete(hash)
    this.#ready.set(hash, compiled)
    return compiled
  }

  /** `undefined` for a hash that nobody has stored. Throws `ChangedTemplate`, and what the store says. */
  find(hash: string): Promise<Compiled | undefined> {
    const ready = this.at(hash)
    if (ready) return Promise.resolve(ready)
    const before = this.#underWay.get(hash)
    if (before) return before
    const reading = this.#read(hash).finally(() => this.#underWay.delete(hash))
    this.#underWay.set(hash, reading)
    return reading
  }

  async #read(hash: string): Promise<Compiled | undefined> {
    const stored = await this.#options.store.find(hash)
    if (stored) {
      if (this.#options.seal(stored.compiled) !== stored.seal)
        throw new ChangedTemplate('a stored template is not the one that was compiled')
      const compiled = JSON.parse(stored.compiled) as Compiled
      // The seal says that it was compiled here, not that it is this version: a draft may stand in the place of what was approved.
      if (compiled.hash !== hash) throw new ChangedTemplate('a stored template is another version')
      return this.#keep(compiled)
    }
    const builtIn = this.#builtIn.get(hash)
    if (!builtIn) return undefined
    const made = await this.#make(builtIn)
    assert(made.ok, `the template ${builtIn.name} that comes with Tocsin compiles`)
    return made.compiled
  }

  async #make(source: TemplateSource): Promise<CompileResult> {
    const made = await this.#options.compile(source)
    if (!made.ok) return made
    const compiled = JSON.stringify(made.compiled)
    const row = { source: JSON.stringify(source), compiled, seal: this.#options.seal(compiled) }
    await this.#options.store.put(made.compiled.hash, row)
    return { ok: true, compiled: this.#keep(made.compiled) }
  }

  #keep(compiled: Compiled): Compiled {
    this.#ready.set(compiled.hash, compiled)
    for (const oldest of this.#ready.keys()) {
      if (this.#ready.size <= readyMax) break
      this.#ready.delete(oldest)
    }
    return compiled
  }
}
