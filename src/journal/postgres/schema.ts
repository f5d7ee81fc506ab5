import type pg from 'pg'

/** One line a column, constraint and index, in an order that is the same on every server; constraints of `not null` are in the columns. */
const describeTables = `
  select format('%s %s%s', case relkind when 'm' then 'materialized view' when 'v' then 'view' when 'S' then 'sequence' else 'table' end,
    relname, coalesce(' with (' || array_to_string(reloptions, ', ') || ')', '')) as title,
    relname as name, case when relkind in ('v', 'm') then pg_get_viewdef(oid) end as definition
  from pg_class
  where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
  order by relname collate "C"`

const describeColumns = `
  select c.relname as name, format('%s %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
    case when a.attnotnull then ' not null' else '' end,
    case when d.adbin is not null
      then case a.attgenerated when '' then ' default ' else ' generated as ' end || pg_get_expr(d.adbin, d.adrelid) else '' end
      || case a.attidentity when '' then '' else ' generated as identity' end,
    case when a.attstorage <> t.typstorage
      then ' storage ' || case a.attstorage when 'e' then 'external' when 'm' then 'main' when 'p' then 'plain' else 'extended' end
      else '' end) as line
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped
  order by c.relname collate "C", a.attnum`

const describeConstraints = `
  select c.relname as name, format('constraint %s %s', k.conname, pg_get_constraintdef(k.oid)) as line
  from pg_constraint k join pg_class c on c.oid = k.conrelid
  where c.relnamespace = current_schema()::regnamespace and k.contype <> 'n'
  order by c.relname collate "C", k.conname collate "C"`

const describeIndexes = `
  select c.relname as name, pg_get_indexdef(i.indexrelid) as line
  from pg_index i join pg_class c on c.oid = i.indrelid join pg_class x on x.oid = i.indexrelid
  where c.relnamespace = current_schema()::regnamespace
    and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid)
  order by c.relname collate "C", x.relname collate "C"`

const describeTriggers = `
  select c.relname as name, pg_get_triggerdef(t.oid) as line
  from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where c.relnamespace = current_schema()::regnamespace and not t.tgisinternal
  order by c.relname collate "C", t.tgname collate "C"`

const describeFunctions = `
  select pg_get_functiondef(oid) as definition from pg_proc
  where pronamespace = current_schema()::regnamespace and prokind <> 'a'
  order by proname collate "C", pg_get_function_identity_arguments(oid) collate "C"`

type Line = { name: string; line: string }

/** What the migrations have led to, as text to compare and to review. Not for execution. */
export async function dumpSchema(client: pg.ClientBase): Promise<string> {
  const tables = await client.query<{ title: string; name: string; definition: string | null }>(describeTables)
  const lines: Line[] = []
  for (const statement of [describeColumns, describeConstraints, describeIndexes, describeTriggers]) {
    lines.push(...(await client.query<Line>(statement)).rows)
  }
  const functions = await client.query<{ definition: string }>(describeFunctions)
  const parts = tables.rows.map(({ title, name, definition }) =>
    [
      title,
      ...lines.filter(line => line.name === name).map(({ line }) => `  ${line}`),
      ...(definition ? [definition] : []),
    ].join('\n'),
  )
  return `${[...parts, ...functions.rows.map(row => row.definition.trimEnd())].join('\n\n')}\n`
}
