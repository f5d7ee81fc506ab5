// Which texts look alike. The method is that of Unicode Technical Standard #39 §4: reduce both to a skeleton and compare. The table is our own
// and small: the letters, digits and pairs that pass for Latin ones in a domain in common type faces. What it lacks passes as different.

/** Each line: what it looks like, then those that look like it. Accents are removed beforehand. */
const alike = [
  'a а ɑ α ａ',
  'b ь Ь ƅ',
  'c с ϲ ⅽ',
  'd ԁ ɗ ⅾ',
  'e е ҽ є ɛ ε',
  'f ƒ ғ',
  'g ɡ ց',
  'h һ հ',
  'j ј ϳ',
  'k κ к ĸ',
  'l 1 i | ı і ι ӏ ɩ ǀ ⅼ ⅰ ا ן ł ᴉ',
  'm м ⅿ ɱ',
  'n п ո ռ ŋ',
  'o 0 о ο օ σ ०  ٥ ס ø ө',
  'p р ρ ⲣ þ',
  'q ԛ գ',
  'r г ɾ',
  's ѕ ꜱ 5 ƽ',
  't τ т ŧ',
  'u υ ս μ ц ʋ',
  'v ν ѵ ⅴ',
  'w ѡ ԝ ա ω ш',
  'x х χ ⅹ ×',
  'y у γ ү ʏ',
  'z ᴢ ʐ 2',
]

const likeness = new Map<string, string>()
for (const line of alike) {
  const [target = '', ...others] = line.split(' ').filter(part => part !== '')
  for (const other of others) likeness.set(other, target)
}

/** Pairs that read as one letter. After the table, so that they are written as it leaves them. */
const pairs: readonly (readonly [RegExp, string])[] = [
  [/rn/g, 'm'],
  [/vv/g, 'w'],
  [/cl/g, 'd'],
]

/** The hyphens and dots that pass for the ASCII ones. */
const separators: readonly (readonly [RegExp, string])[] = [
  [/[\u00ad\u2010-\u2015\u2212\u02d7\u2043\ufe58\ufe63\uff0d]/g, '-'],
  [/[\u2024\u3002\uff0e\uff61\u00b7\u06d4]/g, '.'],
]

const invisible = /\p{Default_Ignorable_Code_Point}/gu

/**
 * What a text looks like: two with one skeleton are easily taken for each other. Case, accents and invisible characters count for nothing. The
 * skeleton is for comparing only.
 */
export function skeleton(text: string): string {
  let plain = text.toLowerCase().normalize('NFKD')
  for (const [pattern, sign] of separators) plain = plain.replace(pattern, sign)
  plain = plain.replace(invisible, '').replace(/\p{M}/gu, '')
  let looks = ''
  for (const letter of plain.toLowerCase()) looks += likeness.get(letter) ?? letter
  for (const [pattern, letter] of pairs) looks = looks.replace(pattern, letter)
  return looks
}

const scripts: readonly (readonly [string, RegExp])[] = [
  ['Latin', /\p{Script=Latin}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Armenian', /\p{Script=Armenian}/u],
  ['Hebrew', /\p{Script=Hebrew}/u],
  ['Arabic', /\p{Script=Arabic}/u],
]

/** The alphabets of a text among those that are mistaken for each other. More than one in a label is a disguise (UTS #39 §5). */
export const alphabetsIn = (text: string): string[] =>
  scripts.filter(([, pattern]) => pattern.test(text)).map(([name]) => name)

/**
 * How many letters have to be put in, taken out, replaced or swapped with their neighbor to make one text of the other (optimal string
 * alignment); `distanceMax + 1` when it is more than that. Texts longer than 64 count as further apart than any limit.
 */
export function editDistance(a: string, b: string, distanceMax: number): number {
  if (a === b) return 0
  const beyond = distanceMax + 1
  if (Math.abs(a.length - b.length) > distanceMax || a.length > 64 || b.length > 64) return beyond
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, before[j - 2]! + 1)
      row.push(least)
    }
    before = last
    last = row
  }
  return Math.min(last[b.length]!, beyond)
}
