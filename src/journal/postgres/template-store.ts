import type pg from 'pg'
import type { StoredTemplate, TemplateStore } from '../template-store.ts'

export function postgresTemplates(pool: pg.Pool): TemplateStore {
  return {
    async put(hash, { source, compiled, seal }) {
      await pool.query({ name: 'template-put', text: insertTemplate, values: [hash, source, compiled, seal] })
    },
    async find(hash) {
      const { rows } = await pool.query<StoredTemplate>({ name: 'template-find', text: selectTemplate, values: [hash] })
      return rows[0]
    },
  }
}

const insertTemplate = `
  insert into template_source (hash, source, compiled, seal) values ($1, $2, $3, $4) on conflict (hash) do nothing`
const selectTemplate = 'select source, compiled, seal from template_source where hash = $1'
