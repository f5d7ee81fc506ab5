// Language tags (BCP 47, RFC 5646), and which of a template's languages a person gets (RFC 4647 §3.4, lookup).

const tagForm = /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,5}$/

/** The usual spelling of a tag: language small, script capitalized, region in capitals. `undefined` for what is none. */
export function canonicalLocale(tag: string): string | undefined {
  if (!tagForm.test(tag)) return undefined
  try {
    return Intl.getCanonicalLocales(tag)[0]
  } catch {
    return undefined
  }
}

const rtlScripts = new Set('Arab Hebr Thaa Syrc Nkoo Adlm Rohg Mand Samr'.split(' '))
const rtlLanguages = new Set('ar arc ckb dv fa he ks nqo ps sd syr ug ur yi'.split(' '))

export function directionOf(locale: string): 'ltr' | 'rtl' {
  const [language = '', ...rest] = locale.split('-')
  const script = rest.find(part => /^[A-Z][a-z]{3}$/.test(part))
  if (script !== undefined) return rtlScripts.has(script) ? 'rtl' : 'ltr'
  return rtlLanguages.has(language) ? 'rtl' : 'ltr'
}

/** The one that was asked for, or with parts left off from the end; then the default. */
export function negotiate(wanted: string | undefined, known: Record<string, unknown>, otherwise: string): string {
  let tag = wanted === undefined ? undefined : canonicalLocale(wanted)
  while (tag !== undefined) {
    if (Object.hasOwn(known, tag)) return tag
    const cut = tag.lastIndexOf('-')
    if (cut < 0) break
    tag = tag.slice(0, cut)
  }
  return otherwise
}
