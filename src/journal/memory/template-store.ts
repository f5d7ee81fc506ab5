import type { StoredTemplate, TemplateStore } from '../template-store.ts'

/** For tests and simulations; ends with the process. */
export function memoryTemplates(rows = new Map<string, StoredTemplate>()): TemplateStore {
  return {
    async put(hash, template) {
      if (!rows.has(hash)) rows.set(hash, template)
    },
    async find(hash) {
      return rows.get(hash)
    },
  }
}
