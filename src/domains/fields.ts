/**
 * The fields of a record like `v=STSv1; id=1; x=y;`, the version first: RFC 8461 §3.1, RFC 8460 §3. White space may stand around the semicolons,
 * nowhere else; the last one may be missing. `undefined` when it is not of this form. By splitting, since a pattern for all of it takes
 * quadratic time over a record of spaces.
 */
export function fieldsOf(text: string): [name: string, value: string][] | undefined {
  const parts = text.split(';').map(part => part.trim())
  if (parts.at(-1) === '') parts.pop()
  const fields = parts.map(part => /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=([\x21-\x3a\x3c-\x7e]+)$/.exec(part))
  if (fields.some(field => field === null)) return undefined
  return fields.map(field => [field![1]!, field![2]!])
}
