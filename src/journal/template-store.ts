/** A version of a template as it is kept: JSON of the source and of what was compiled from it, and a keyed hash of the latter. */
export type StoredTemplate = { source: string; compiled: string; seal: string }

/** Sources of templates by their hash. Nothing here decides: the journal says which hash counts. Throws what the database says. */
export interface TemplateStore {
  /** Nothing happens when it is there: one hash stands for one source. */
  put(hash: string, template: StoredTemplate): Promise<void>
  find(hash: string): Promise<StoredTemplate | undefined>
}
