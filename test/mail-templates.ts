import type { Look } from '../src/proof/skeleton/look.ts'
import { Random } from '../src/std/random.ts'

// Mails as real senders write them, with values as real people have them: what learning has to see through.

const given =
  'Anna|Bob|José|Li|王小明|Nguyễn|Miles|Siobhán|محمد|שרה|Дмитрий|Åsa|Zoë|Jean-Luc|Мария|김민준|さくら|Ömer|Chloë|Ida|Ngozi|Lakshmi|สมชาย|Γιώργος|X Æ A-12|<3|🎉 Party|D’Arcy|Al|May'.split(
    '|',
  )
const family =
  "O'Brien|de la Cruz|van der Berg|Smith|Smith, Jr.|Müller-Lüdenscheidt|陳|Иванова|الأحمد|כהן|García Márquez|Nakamura|Öztürk|St. John|Null|Test-Nielsen|Þórsdóttir|(work)|🦄|& Sons".split(
    '|',
  )
const middle = 'María|J.|von|Maria Elena|Б.|ben|del|Λ'.split('|')
const places =
  'Prague, Czechia|New York, United States|São Paulo, Brasil|Zürich|東京|Saint-Étienne, France|Ho Chi Minh City|القاهرة|near Köln, Germany|an unknown place|Reykjavík|St. John’s, Newfoundland and Labrador, Canada'.split(
    '|',
  )
const browsers = 'Chrome 131|Firefox|Safari 18.1|Microsoft Edge 130.0.2849|Samsung Internet|Opera GX'.split('|')
const systems = 'Windows 11|macOS 15.1|Linux|Android 15|iOS 18|ChromeOS'.split('|')
const devices =
  'iPhone von Jürgen|Anna’s MacBook Pro (2)|SM-G991B/DS|the app on a Kindle Fire HD 10 (13th generation) with a very long name that its owner once typed in for fun and never changed again, 2nd floor|Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36|Пиксель 8|curl/8.5.0'.split(
    '|',
  )
const token = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const pad = (value: number): string => String(value).padStart(2, '0')
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
const weekdays = 'Mon Tue Wed Thu Fri Sat Sun'.split(' ')

/** Values that a seed gives, one person after the other. */
export class Values {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = new Random(seed)
  }

  below(n: number): number {
    return this.#random.integer(0, n)
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!
  }

  token(length: number): string {
    let text = ''
    for (let i = 0; i < length; i++) text += token[this.below(token.length)]
    return text
  }

  /** One to four words. */
  name(): string {
    const words = [this.pick(given)]
    if (this.below(4) === 0) words.push(this.pick(middle))
    if (this.below(5) > 0) words.push(this.pick(family))
    return words.join(' ')
  }

  place(): string {
    return this.pick(places)
  }

  device(): string {
    return this.below(3) === 0 ? this.pick(devices) : `${this.pick(browsers)} on ${this.pick(systems)}`
  }

  code(): string {
    return String(100_000 + this.below(900_000))
  }

  ip(): string {
    const byte = () => this.below(256)
    return this.below(3) > 0 ? `${byte()}.${byte()}.${byte()}.${byte()}` : `2001:db8::${byte().toString(16)}`
  }

  address(): string {
    return `${this.token(4).toLowerCase().replace(/[-_]/g, 'x')}${this.below(1e6)}@${this.pick(['example.org', 'mail.example', 'post.example'])}`
  }

  time(): string {
    const [month, day, hour, minute] = [this.below(12), 1 + this.below(28), this.below(24), this.below(60)]
    return `${months[month]} ${day}, ${2026 + this.below(3)} at ${pad(hour)}:${pad(minute)} UTC`
  }

  longTime(): string {
    const [month, day, hour] = [this.below(12), 1 + this.below(28), this.below(24)]
    return `${this.pick(weekdays)}, ${day} ${months[month]} ${2026 + this.below(3)} ${pad(hour)}:${pad(this.below(60))}:${pad(this.below(60))} +0000`
  }

  isoTime(): string {
    return `${2026 + this.below(3)}-${pad(1 + this.below(12))}-${pad(1 + this.below(28))}T${pad(this.below(24))}:${pad(this.below(60))}:00Z`
  }
}

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const page = (title: string, body: string): string => `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<style>body{margin:0;font-family:Arial,sans-serif} .b{color:#fff;background:#1a73e8;padding:12px}</style></head>
<body><!--[if mso]><table width="600"><tr><td><![endif]-->
<table role="presentation" width="100%" cellpadding="0"><tr><td style="padding:24px" align="center">
<img src="https://static.shop.example/logo.png" width="120" height="40" alt="Shop">
${body}
<p style="color:#5f6368;font-size:12px">Shop GmbH, Hauptstraße 1, 10115 Berlin · © ${2026} · <a href="https://shop.example/help">Help</a></p>
</td></tr></table><!--[if mso]></td></tr></table><![endif]--></body></html>`

type Template = (v: Values) => Look
const from = 'Shop <no-reply@shop.example>'

const reset: Template = v => {
  const [name, link, time] = [v.name(), `https://shop.example/reset/${v.token(43)}`, v.time()]
  return {
    from,
    subject: 'Reset your password at Shop',
    text: `Hello ${name},\n\nsomebody asked to reset the password of your account on ${time}.\n\nTo choose a new one, follow this link within 30 minutes:\n\n${link}\n\nIf this was not you, you need not do anything: your password stays as it is.\n\nYours, Shop`,
    html: page(
      'Reset your password',
      `<h1>Reset your password</h1><p>Hello ${escaped(name)},</p><p>somebody asked to reset the password of your account on ${time}.</p>
<p><a class="b" href="${link}">Choose a new password</a></p><p>If this was not you, you need not do anything: your password stays as it is.</p>`,
    ),
  }
}

const signIn: Template = v => {
  const [name, device, place, time, ip] = [v.name(), v.device(), v.place(), v.longTime(), v.ip()]
  return {
    from,
    subject: `New sign-in from ${device}`,
    text: `Hello ${name},\n\nyour account was used to sign in.\n\nDevice: ${device}\nPlace: ${place}\nAddress: ${ip}\nTime: ${time}\n\nIf this was not you, end all sessions at https://shop.example/security and change your password.\n`,
    html: page(
      'New sign-in',
      `<p>Hello ${escaped(name)}, your account was used to sign in.</p><table><tr><th>Device</th><td>${escaped(device)}</td></tr>
<tr><th>Place</th><td>${escaped(place)}</td></tr><tr><th>Address</th><td>${ip}</td></tr><tr><th>Time</th><td>${time}</td></tr></table>
<p>If this was not you, <a href="https://shop.example/security?from=${v.token(12)}">end all sessions</a>.</p>`,
    ),
  }
}

const texts: Record<string, Template> = {
  code: v => ({
    from,
    subject: `${v.code()} is your code`,
    text: `Your code is ${v.code()}. It is valid for 10 minutes. We never ask for it by phone.`,
  }),
  verify: v => ({
    from,
    subject: 'Confirm your address',
    text: `Welcome, ${v.name()}!\n\nConfirm that ${v.address()} is yours:\nhttps://shop.example/confirm?token=${v.token(32)}&lang=en\n\nThe link works once and until ${v.time()}.`,
  }),
  changed: v => ({
    from,
    subject: 'Your password was changed',
    text: `Dear ${v.name()},\n\nyour password was changed on ${v.isoTime()} from ${v.place()}.\n\nIf you did not do this, call your administrator or answer this mail at once.\n\n-- \nThe Shop team`,
  }),
  passkey: v => ({
    from,
    subject: 'A passkey was added',
    text: `Hi ${v.name()},\na passkey named "${v.device()}" was added to your account at ${v.time()}.\nRemove it: https://shop.example/passkeys/${v.below(1e9)}/remove\n`,
  }),
  japanese: v => ({
    from: 'ショップ <no-reply@shop.example>',
    subject: 'パスワード再設定のお知らせ',
    text: `${v.name()} 様\n\nパスワード再設定の依頼を受け付けました。30分以内に次のリンクを開いてください。\nhttps://shop.example/ja/reset/${v.token(43)}\n\nお心当たりがない場合は、このメールを破棄してください。`,
  }),
  arabic: v => ({
    from,
    subject: 'إعادة تعيين كلمة المرور',
    text: `مرحبًا ${v.name()}،\n\nطلب شخص ما إعادة تعيين كلمة المرور الخاصة بحسابك.\n\nhttps://shop.example/ar/reset/${v.token(43)}\n\nإذا لم تكن أنت، فتجاهل هذه الرسالة.`,
  }),
  german: v => ({
    from,
    subject: `Anmeldung mit ${v.device()}`,
    text: `Guten Tag ${v.name()},\n\nam ${1 + v.below(28)}. Oktober ${2026 + v.below(2)} um ${pad(v.below(24))}:${pad(v.below(60))} Uhr hat sich jemand aus ${v.place()} angemeldet.\n\nWaren Sie das nicht, beenden Sie alle Sitzungen: https://shop.example/sicherheit`,
  }),
  french: v => ({
    from,
    subject: 'Votre mot de passe a été modifié',
    text: `Bonjour ${v.name()},\n\nVotre mot de passe a été modifié le ${1 + v.below(28)} novembre ${2026 + v.below(2)} à ${v.below(24)}h${pad(v.below(60))}.\n\nSi ce n’était pas vous, rendez-vous sur https://shop.example/securite`,
  }),
  recovery: v => ({
    from,
    subject: 'Your recovery address was changed',
    text: `Hello ${v.name()},\n\nthe recovery address of your account is ${v.address()} now; it was ${v.address()}.\n\nUndo this within 7 days: https://shop.example/undo/${v.token(20)}`,
  }),
  invoice: v => ({
    from,
    subject: `Your receipt ${v.below(1e6)}`,
    text: `Thank you, ${v.name()}.\n\nReceipt: ${v.below(1e6)}\nAmount: ${v.below(900) + 1}.${pad(v.below(100))} EUR\nPaid on: ${v.isoTime()}\n\nSee it at https://shop.example/receipts/${v.below(1e9)}`,
  }),
  invitation: v => ({
    from: `${v.name()} via Shop <no-reply@shop.example>`,
    subject: `${v.name()} invites you`,
    text: `Hello,\n\n${v.name()} (${v.address()}) would like to work with you in the team "${v.name()}".\n\nJoin the team: https://shop.example/join/${v.token(16)}\n\nIf you do not know them, you may ignore this mail.`,
  }),
  lockout: v => ({
    from,
    subject: 'Your account is locked for 15 minutes',
    text: `Hello ${v.name()},\n\nthere were ${5 + v.below(90)} attempts to sign in from ${v.ip()} with a wrong password. Your account is locked until ${v.time()}. Nobody got in.`,
  }),
  django: v => ({
    subject: 'Password reset on shop.example',
    text: `\nYou're receiving this email because you requested a password reset for your user account at shop.example.\n\nPlease go to the following page and choose a new password:\n\nhttps://shop.example/accounts/reset/${v.token(3)}/${v.token(6)}-${v.token(32)}/\n\nYour username, in case you’ve forgotten: ${v.address().split('@')[0]}\n\nThanks for using our site!\n\nThe shop.example team\n`,
  }),
}

/** As programs do that break lines at a width, whatever they have filled in. */
export function wrap(text: string, columns = 60): string {
  return text.replace(/[^\n]+/g, line => {
    let out = ''
    let width = 0
    for (const word of line.split(' ')) {
      const fits = width > 0 && width + 1 + word.length <= columns
      out += width === 0 ? word : fits ? ` ${word}` : `\n${word}`
      width = fits ? width + 1 + word.length : word.length
    }
    return out
  })
}

texts.wrapped = v => ({
  from,
  subject: 'Sign-in from a new place',
  text: wrap(
    `Hello ${v.name()},\n\nyour account was used from ${v.place()} with ${v.device()} at ${v.time()}, where it has not been used before. If you know about this there is nothing that you need to do; otherwise please change your password now and look at the list of your devices.\n\nThe team of Shop`,
  ),
})

const pages: Record<string, Template> = {
  magic: v => {
    const link = `https://shop.example/magic?t=${v.token(64)}&amp;u=${v.below(1e9)}`
    return {
      from,
      subject: 'Your sign-in link',
      html: page(
        'Sign in',
        `<p>Hello ${escaped(v.name())}!</p><p><a href="${link}" style="color:red">Sign in</a></p><p style="font-size:11px">or copy ${link}</p><!--[if mso]><v:roundrect href="${link}"></v:roundrect><![endif]-->`,
      ),
    }
  },
  totp: v => ({
    from,
    subject: 'Two-step verification is on',
    html: page(
      'On',
      `<p>${escaped(v.name())}, two-step verification was turned on at ${v.time()} with ${escaped(v.device())} from ${escaped(v.place())}.</p><p>Your backup code: <code>${v.token(5)}-${v.token(5)}</code></p>`,
    ),
  }),
  digest: v => ({
    from,
    subject: `Security summary for ${v.name()}`,
    html: page(
      'Summary',
      `<p title="${escaped(v.name())}">You signed in <b>${v.below(100)}</b> times from <b>${1 + v.below(9)}</b> devices, last from ${escaped(v.place())} on ${v.longTime()}.</p><p><a href="https://shop.example/u/${v.below(1e9)}/activity">See all</a></p>`,
    ),
  }),
  alternatives: v => ({
    from,
    subject: 'Your security news',
    text: `Hello ${v.name()}, there is news about the security of your account. Read it at https://shop.example/news/${v.below(99)}?u=${v.token(9)}`,
    html: page(
      'News',
      `<p>Hello ${escaped(v.name())},</p><ul><li>Passkeys are here.</li><li>Codes are shorter.</li></ul><img src="https://static.shop.example/news.png" alt="News for ${escaped(v.name())}"><a href='https://shop.example/news/${v.below(99)}?u=${v.token(9)}'>Read on</a>`,
    ),
  }),
}

/** Twenty templates by name. */
export const mailTemplates: Record<string, Template> = { reset, 'sign-in': signIn, ...texts, ...pages }
