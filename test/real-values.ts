import { Random } from '../src/std/random.ts'

// Values as people and their devices have them: names from many scripts, companies, devices, places, user agents. Drawn from a seed.

const given =
  "James|Mary|José|Zoë|Siân|Björn|Łukasz|Nguyễn|Đặng|Ömer|İbrahim|Ağa|Søren|Þórir|Jean-Luc|Anne-Marie|María José|Mihály|Željko|Ștefan|Oisín|Dr.Li|Prof. Dr. Eva|J.R.R.|D’Arcy|D'Angelo|Sinéad|Ng|O|Xi|Hans-Jürgen|Karl-Theodor|Mohammed|محمد|فاطمة|عبد الله|דוד|שָׂרָה|अनन्या|রহিম|தமிழ்|สมชาย|王|小明|山田|さくら|タロウ|김|서연|Иван|Ольга|Δημήτρης|Ἀλέξανδρος|გიორგი|Հայկ|ራሄል|Q|Null|Test|Root|Admin|True|None".split(
    '|',
  )
const family =
  "O'Brien|O’Neill|McDonald|van der Berg|de la Cruz|von und zu Guttenberg|D'Souza|Smith-Jones|García Márquez|Müller|Strauß|Nowak|Wiśniewska|Çelik|Yılmaz|Ørsted|Åström|al-Rashid|ibn Sina|Ben-David|بن سلمان|العربي|כהן|शर्मा|চৌধুরী|วงศ์|陈|李四|鈴木|田中|박|Петров|Παπαδόπουλος|Test|Null|Link|Price|Call|Day|Jr.|III|St.John|St. Pierre|de' Medici|N'Diaye|Xǁu|Kahoʻohalahala".split(
    '|',
  )
const companies =
  'Müller & Söhne|Smith & Co.|AT&T|Marks & Spencer plc|B&B|Procter & Gamble|R&D <3|Café "Zum Löwen"|Ernst&Young|Société Générale S.A.|A/S Norsk|株式会社さくら|ООО «Ромашка»|Acme, Inc.|Yahoo!|3M|7-Eleven|1&1|C&A|H&M|Toys "R" Us|E.ON|S.p.A. Ferrari|Nestlé S.A.|G+J|Bang & Olufsen A/S'.split(
    '|',
  )
const emoji =
  '<3|❤️|👨‍👩‍👧‍👦|🇨🇭|🏳️‍🌈|😀|✨|¯\\_(ツ)_/¯|:-)|:D|;)|>_<|^_^|(╯°□°)╯︵ ┻━┻|★彡|♪♫|xD|1 < 2|a<3b|<-- me|=> go|$$$|100%|50 %|#1|@work|c/o|№ 5|½|™'.split(
    '|',
  )
const places =
  'St.Gallen|St. Moritz|Zürich, Schweiz|Washington, D.C.|São Paulo|Århus|Llanfairpwllgwyngyll|Saint-Étienne|’s-Hertogenbosch|Frankfurt a. M.|Frankfurt/Main|Kraków|القاهرة|תל אביב|東京都|서울|Нижний Новгород|N.Y.C.|Côte d’Ivoire|Bad Homburg v.d.H.|Queen St W & Spadina Ave, 416'.split(
    '|',
  )
const devices =
  "Ann's iPhone|iPhone 15 Pro Max|Galaxy S24 Ultra|SM-G998B|Pixel 8a|MacBook Pro (16\", 2023)|DESKTOP-4F7H2K1|ThinkPad X1 Carbon Gen 11|Opa's PC|Xiaomi 2201117TY|HUAWEI P30 lite|iPad (10th generation)|Фонарь Xbox|Samsung TV UE55NU7179|Chrome on Windows 10.0.19045|Firefox 128.0 auf Ubuntu 22.04.4|Safari 17.4.1 (macOS 14.4.1)|LG-M255|moto g(60)|Redmi Note 10 5G|Kindle PW5 <3|raspberrypi-4b_v1.2|Build 2024.11.18.1532|v2.10.3-beta.4+exp.sha".split(
    '|',
  )

const versions = (random: Random, parts: number): string =>
  Array.from({ length: parts }, (_, i) => random.integer(0, i === 0 ? 140 : 7000)).join('.')

const agents: readonly ((random: Random) => string)[] = [
  r =>
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${versions(r, 4)} Safari/537.36`,
  r =>
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_${r.integer(0, 9)}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${versions(r, 2)} Safari/605.1.15`,
  r =>
    `Mozilla/5.0 (iPhone; CPU iPhone OS 17_${r.integer(0, 9)} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram ${versions(r, 5)} (iPhone14,3; iOS 17_1; en_US; en; scale=3.00; 1284x2778; ${500_000_000 + r.integer(0, 99_999_999)})`,
  r =>
    `Mozilla/5.0 (Linux; Android ${r.integer(0, 15)}; SM-S901B Build/TP1A.${220_000 + r.integer(0, 9999)}.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/${versions(r, 4)} Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/${versions(r, 5)};FBBV/${500_000_000 + r.integer(0, 99_999_999)};]`,
  r => `Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:${versions(r, 2)}) Gecko/20100101 Firefox/${versions(r, 2)}`,
  r =>
    `Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.${30_000 + r.integer(0, 9999)}/191.303; U; en) Presto/2.12.423 Version/12.16`,
  r => `okhttp/${versions(r, 3)}`,
  () => `Dalvik/2.1.0 (Linux; U; Android 13; M2101K6G Build/TKQ1.221013.002)`,
  r => `MyBank/${versions(r, 4)} CFNetwork/1474 Darwin/23.${r.integer(0, 6)}.0`,
  r => `curl/${versions(r, 3)}`,
  r => `PostmanRuntime/${versions(r, 3)}`,
  r => `python-requests/${versions(r, 3)} (build ${20_240_000 + r.integer(0, 9999)}; pid ${r.integer(0, 99_999)})`,
  () =>
    `Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; SLCC2; .NET CLR 2.0.50727; .NET CLR 3.5.30729; Media Center PC 6.0)`,
  r => `Mozilla/5.0 (PlayStation; PlayStation 5/${versions(r, 2)}) AppleWebKit/605.1.15 (KHTML, like Gecko)`,
]

/** `count` values, the same for the same seed. */
export function realValues(seed: number, count: number): string[] {
  const random = new Random(seed)
  return Array.from({ length: count }, () => realValue(random))
}

function realValue(random: Random): string {
  const one = (from: readonly string[]): string => random.pick(from)
  const person = () => `${one(given)} ${one(family)}`
  const shapes = [
    person,
    () => `${one(given)} ${one(given)} ${one(family)}`,
    () => `${person()} ${one(emoji)}`,
    () => `${one(emoji)} ${one(given)}`,
    () => `${one(family)}, ${one(given)}`,
    () => person().toUpperCase(),
    () => `${one(given).toLowerCase().replaceAll('.', '')}_${random.integer(0, 100_000)}`,
    () => one(companies),
    () => `${one(places)} (${one(given)})`,
    () => one(devices),
    () => `${one(given)}’s ${one(devices)}`,
    () => agents[random.integer(0, agents.length)]!(random),
    () => agents[random.integer(0, agents.length)]!(random),
    () => `${one(places)}, 203.0.113.${random.integer(0, 256)}`,
    () =>
      `2026-${10 + random.integer(0, 3)}-${10 + random.integer(0, 19)} ${10 + random.integer(0, 14)}:${10 + random.integer(0, 50)} UTC`,
    () => exactly200(random, person),
    () => `\u200f${one(['محمد', 'שלום', 'פאטמה', 'يوسف'])}\u200f ${one(family)}`,
  ]
  return shapes[random.integer(0, shapes.length)]!()
}

function exactly200(random: Random, person: () => string): string {
  let text = person()
  while (text.length < 200) text += `${random.integer(0, 2) === 0 ? ' ' : '-'}${person()}`
  return Array.from(text).slice(0, 190).join('').trimEnd()
}
