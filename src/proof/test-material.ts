// Marks of what was never meant for people: variables that nobody filled in, and the words of tests.

/** Variables of the engines that mail is made with, as they stand when nothing replaced them. */
const variables: readonly RegExp[] = [
  // Mustache, Handlebars, Liquid, Jinja, Angular.
  /\{\{[^{}\n]{1,120}\}\}/,
  /\{%[^%\n]{1,120}%\}/,
  // ERB, EJS, ASP, JSP.
  /<%[=@-]?[^%\n]{1,120}%>/,
  // JavaScript, Velocity, FreeMarker, Kotlin; Velocity's quiet form.
  /\$!?\{[^{}\n]{1,120}\}/,
  // Single braces: .NET, Python, ICU.
  /(?<![{$\w])\{(?:\d{1,2}|[a-z_][\w.-]{1,40})\}(?!\})/i,
  // Twig of Mailchimp, SparkPost's and Salesforce's.
  /\*\|[A-Z0-9_:]{1,60}\|\*/i,
  /%%[a-z_][\w .]{0,60}%%/i,
  /(?<![\w%])%[a-z_][a-z_]{1,60}%(?![\w%])/i,
  /\[\[[^[\]\n]{1,80}\]\]/,
  // Left by printf.
  /(?<![\w%])%(?:\d\$)?[sd@](?![\w%])/,
  // Left by people.
  /\[(?:your |the |insert |enter )?(?:first|last|full|user|company|product|customer|recipient)?[ _-]?(?:name|link|date|email|address|url|code|here)\]/i,
]

/** What programs write where a value is missing, in a place where one should stand. */
const missing: readonly RegExp[] = [
  /\[object [A-Z]\w*\]/,
  /\bInvalid Date\b/,
  /(?:^|[\n:])[ \t]*(?:undefined|null|NaN)[ \t]*[.,!;]?[ \t]*(?:\n|$)/,
  /\b(?:hi|hello|hey|dear|welcome|hallo|liebe[rs]?|guten tag|bonjour|cher|chère|hola|estimad[oa]|ciao|olá|from|your|code|at|in|on|by)[ \t:]{1,3}(?:undefined|null|NaN)\b/i,
]

/** In links they stand after a sign of equality or a slash. */
const missingInLink = /[=/](?:undefined|null|NaN|%5Bobject%20\w+%5D|\[object \w+\])(?:[&#/?]|$)/

const words: readonly RegExp[] = [
  /\bintegration[- ]tests?\b/i,
  /\btest[- ]?(?:e-?)?(?:mail|message|mailing|nachricht)\b/i,
  /\b(?:this|the following) is (?:only |just )?an? (?:automated )?test\b/i,
  /\bused (?:by|for|in) (?:\w+ )?tests?(?: only)?\b/i,
  /\blorem ipsum\b|\bdolor sit amet\b/i,
  /\basdf(?:asdf|ghjkl|jkl)?\b|\bfoo ?bar(?: ?baz)?\b/i,
  /\b(?:placeholder|dummy|sample) (?:text|content|copy|e-?mail|message)\b/i,
  /\b(?:insert|your|enter) (?:text|name|link|logo|copy|title|headline|message) here\b/i,
  /\b(?:TODO|FIXME|TBD)\b(?::|\s*[-–]|\s*$)/m,
  /\bdo not (?:use|send) (?:this )?(?:in|to) (?:production|customers)\b/i,
  /\bdies ist (?:nur )?(?:ein|eine) test/i,
  /\bceci est un (?:simple )?(?:test|essai)\b|\b(?:e-?mail|message|courriel) de test\b/i,
  /\besto es (?:solo )?una prueba\b|\b(?:correo|mensaje) de prueba\b/i,
]

const subjects: readonly RegExp[] = [
  /^\s*(?:re: ?)?(?:test(?:ing)?|foo|asdf|hello world|untitled|subject)[\s\d#.!_-]*$/i,
  /^\s*[[(](?:test|testing|staging|stage|dev|development|qa|uat|sandbox|preprod|local)[\])]/i,
]

export type Said = { subject: string; texts: readonly string[]; urls: readonly string[] }

/** Texts longer than this are documents; their beginning is what a template would show. */
const textLengthMax = 256 * 1024

/**
 * The first mark of a test, as it stands there, or `undefined`. What stands within a value of `values`, those that users control, does not
 * count: people are called what they are called.
 */
export function testMaterialIn({ subject, texts, urls }: Said, values: readonly string[] = []): string | undefined {
  const isTheirs = (found: string) => values.some(value => value.includes(found.trim()))
  const first = (patterns: readonly RegExp[], text: string): string | undefined => {
    for (const pattern of patterns) {
      const found = pattern.exec(text)?.[0]
      if (found !== undefined && !isTheirs(found)) return found
    }
    return undefined
  }
  const bySubject = first(subjects, subject)
  if (bySubject !== undefined) return bySubject
  for (const whole of [subject, ...texts]) {
    const text = whole.length > textLengthMax ? whole.slice(0, textLengthMax) : whole
    const found = inText(text, first)
    if (found !== undefined) return found
  }
  return inLinks(urls, first)
}

const hasVariableSign = /[{%[<*]/
const hasMissing = /undefined|null|NaN|\[object|Invalid Date/
/** A word begins with each of them, which spares the middle of all others. */
const hasWord =
  /\b(?:test|lorem|dolor|asdf|foo|placeholder|dummy|sample|here|TODO|FIXME|TBD|production|customers|prueba|essai)/i

type First = (patterns: readonly RegExp[], text: string) => string | undefined

/** Most mails have no trace of any of it, which one look at each group shows. */
function inText(text: string, first: First): string | undefined {
  return (
    (hasVariableSign.test(text) ? first(variables, text) : undefined) ??
    (hasMissing.test(text) ? first(missing, text) : undefined) ??
    (hasWord.test(text) ? first(words, text) : undefined)
  )
}

function inLinks(urls: readonly string[], first: First): string | undefined {
  for (const url of urls) {
    if (/[{[*<$]/.test(url)) {
      const found = first(variables.slice(0, 6), url)
      if (found !== undefined) return found
    }
    const found = hasMissing.test(url) || url.includes('%5B') ? first([missingInLink], url) : undefined
    if (found !== undefined) return found
  }
  return undefined
}
