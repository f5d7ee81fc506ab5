import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { makeOperatorKey } from '../src/inbound/keys.ts'
import { type Answer, adminKey, apiKey, openHouse, Product } from './product.ts'
import { startSink } from './sink.ts'

const [ana, ben] = [makeOperatorKey(), makeOperatorKey()]
const operators = [
  { name: 'Ana', keyHash: ana.keyHash },
  { name: 'Ben', keyHash: ben.keyHash },
]
const json = { 'content-type': 'application/json' }

const mjml = (body: string) => `<mjml><mj-body><mj-section><mj-column>${body}</mj-column></mj-section></mj-body></mjml>`

/** Says what a message must say, in two languages, so that nothing is found against it. */
const alert = (part: object = {}) => ({
  class: 'other',
  slots: {
    name: { type: 'name', control: 'user', charsMax: 40 },
    device: { type: 'device', control: 'user', required: true },
    place: { type: 'place', control: 'trusted', required: true },
    at: { type: 'time', control: 'trusted', required: true },
    link: { type: 'url', control: 'trusted', required: true },
  },
  locales: {
    en: {
      subject: 'New sign-in on {{ device }}',
      preheader: 'From {{ place }}',
      text: 'Hello {{ name | default: "there" }},\n\nsomebody signed in to your account on {{ device }} in {{ place }}, on {{ at | date: "%Y-%m-%d %H:%M %Z" }}.\n\nIf this was you, there is nothing to do. If this was not you, go to {{ link }}, or open our site yourself.\n\nCode of this mail: {{ code }}\n',
      mjml: mjml(
        '<mj-text line-height="1.5" font-size="16px">Hello {{ name | default: "there" }}, somebody signed in to your account on {{ device }} in {{ place }}, on {{ at | date: "%Y-%m-%d %H:%M %Z" }}. If this was you, there is nothing to do. If this was not you, look at your sign-ins, or open our site yourself.</mj-text><mj-button href="{{ link }}" font-size="16px">Look at your sign-ins</mj-button><mj-text line-height="1.5" font-size="16px">Code of this mail: {{ code }}</mj-text>',
      ),
    },
    de: {
      subject: 'Neue Anmeldung mit {{ device }}',
      text: 'Hallo {{ name }},\n\njemand hat sich mit {{ device }} in {{ place }} angemeldet, am {{ at | date: "%e.%m.%Y, %H:%M %Z" }}. Grund dieser Mail: die Anmeldung in Ihrem Konto. Wenn Sie das nicht waren: {{ link }}, oder öffnen Sie unsere Seite selbst.\n\n{{ code }}\n',
      mjml: mjml(
        '<mj-text line-height="1.5" font-size="16px">Hallo {{ name }}, jemand hat sich mit {{ device }} in {{ place }} angemeldet, am {{ at | date: "%e.%m.%Y, %H:%M %Z" }}. Grund dieser Mail: die Anmeldung in Ihrem Konto. Wenn Sie das nicht waren, öffnen Sie unsere Seite selbst. {{ code }}</mj-text><mj-button href="{{ link }}" font-size="16px">Anmeldungen ansehen</mj-button>',
      ),
    },
  },
  ...part,
})

const slots = {
  name: "O'Brien <3",
  device: 'Firefox <b>bold</b>',
  place: 'Lisbon',
  at: '2026-03-05T14:07:00+01:00',
  link: 'https://example.org/sign-ins',
}

/** What two operators do over HTTP, and an upstream that keeps every mail. */
async function open() {
  const sink = await startSink()
  const product = await Product.start({ config: { ...openHouse, operators }, upstreams: [sink.port] })
  onTestFinished(() => Promise.all([product.stop(), sink.close()]).then(() => {}))
  const ask = (
    path: string,
    { key = ana.key, body, ...init }: { key?: string; body?: unknown; method?: string; headers?: object } = {},
  ): Promise<Answer> =>
    product.ask(`/v1/templates${path}`, {
      key,
      ...init,
      ...(body !== undefined && { method: init.method ?? 'POST', body: JSON.stringify(body) }),
      headers: { ...(body !== undefined && json), ...(init.headers as Record<string, string>) },
    })
  const draft = (body: unknown, headers = {}) => ask('/sign-in', { method: 'PUT', body, headers })
  const despite = { despite: 'a test of the way, not of the words' }
  const approve = async (version: string, hash: unknown) => {
    expect(await ask(`/sign-in/versions/${version}/submit`, { body: despite })).toMatchObject({ status: 200 })
    const body = { hash, ...despite }
    expect(await ask(`/sign-in/versions/${version}/approve`, { body, key: ben.key })).toMatchObject({ status: 200 })
  }
  const send = (part: object = {}, headers: Record<string, string> = {}) =>
    product.send(
      { class: 'other', recipient: { email: 'ann@example.net' }, template: 'sign-in', slots, ...part },
      headers,
    )
  return { product, sink, ask, draft, approve, send }
}

const bodyOf = (data: Buffer): string => {
  const text = data.toString('latin1')
  return Buffer.from(
    text
      .replaceAll(/=\r\n/g, '')
      .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8')
}

it('goes from draft over review to a second person, and from there to a mail in the language of its reader', async () => {
  const { product, sink, ask, draft, send } = await open()
  const drafted = await draft(alert())
  expect(drafted).toMatchObject({ status: 200, body: { version: '1', state: 'draft', author: 'Ana' } })
  const hash = drafted.body.hash as string
  expect(drafted.headers.get('etag')).toBe(`"${hash}"`)
  expect(await send()).toMatchObject({
    status: 202,
    body: { outcome: 'hold', reasons: [{ code: 'template.unknown' }] },
  })

  const why = { despite: 'short on purpose' }
  expect(await ask('/sign-in/versions/1/submit', { body: why })).toMatchObject({ body: { state: 'in-review' } })
  const approval = { hash, ...why }
  const own = await ask('/sign-in/versions/1/approve', { body: approval })
  expect(own).toMatchObject({ status: 403, body: { code: 'approval.same-person' } })
  const other = await ask('/sign-in/versions/1/approve', { body: { ...approval, hash: 'x'.repeat(43) }, key: ben.key })
  expect(other).toMatchObject({ status: 409, body: { code: 'template.other-hash' } })
  const approved = await ask('/sign-in/versions/1/approve', { body: approval, key: ben.key })
  expect(approved).toMatchObject({ status: 200, body: { state: 'approved', approvedBy: 'Ben', hash } })

  const english = await send({ template: 'sign-in@1' })
  expect(english).toMatchObject({ status: 202, body: { outcome: 'deliver' } })
  await sink.until(1)
  expect(await send({ locale: 'de-CH' })).toMatchObject({ body: { outcome: 'deliver' } })
  await sink.until(2)
  const [first, second] = sink.mails.map(({ data }) => bodyOf(data)) as [string, string]
  expect(first).toContain('Subject: New sign-in on Firefox <b>bold</b>')
  expect(first).toContain("Hello O'Brien <3,")
  expect(first).toContain('O&#39;Brien &lt;3')
  expect(first).toContain('on Firefox &lt;b&gt;bold&lt;/b&gt; in Lisbon, on 2026-03-05 14:07 UTC+01:00')
  expect(first).toContain('href="https://example.org/sign-ins"')
  expect(first.split(english.body.code as string)).toHaveLength(4)
  expect(second).toContain('jemand hat sich mit Firefox <b>bold</b> in Lisbon angemeldet, am 5.03.2026, 14:07')
  const { body: message } = await product.ask(`/v1/messages/${english.body.id}`)
  expect(message).toMatchObject({ template: 'sign-in@1' })
  await product.settled()
})

it('keeps a message to its slots', async () => {
  const { product, ask, draft, approve, send } = await open()
  await approve('1', (await draft(alert())).body.hash)
  const { place: _, ...few } = slots
  expect(await send({ slots: { ...few, colour: 'red' } })).toMatchObject({
    status: 422,
    body: {
      code: 'message.invalid',
      faults: [
        { pointer: '/slots/place', code: 'slot.missing' },
        { pointer: '/slots/colour', code: 'slot.unknown' },
      ],
    },
  })
  const long = await send({ slots: { ...slots, name: 'x'.repeat(41) } })
  expect(long.status).toBe(202)
  expect((long.body.reasons as { code: string }[]).map(({ code }) => code)).toContain('content.slot-invalid')
  expect((await product.ask(`/v1/messages/${long.body.id}/findings`, { key: ana.key })).body).toEqual({
    findings: [
      { code: 'content.slot-active', where: 'slot', what: 'device', why: 'its value brings markup' },
      { code: 'content.slot-invalid', where: 'slot', what: 'name', why: 'its value has more than 40 characters' },
    ],
  })
  // What the application itself wrote is its fault, and nothing that a person could decide about.
  const wrong = { link: '', at: 'yesterday' }
  expect(await send({ slots: { ...slots, ...wrong } })).toMatchObject({
    status: 422,
    body: {
      code: 'message.invalid',
      faults: [
        { pointer: '/slots/at', code: 'slot.invalid' },
        { pointer: '/slots/link', code: 'slot.invalid' },
      ],
    },
  })
  expect(await send({ locale: 'zz-!!' })).toMatchObject({
    status: 422,
    body: { code: 'message.invalid', faults: [{ pointer: '/locale', code: 'field.malformed' }] },
  })
  const { body: elsewhere } = await send({ class: 'password-reset' })
  expect(elsewhere).toMatchObject({ outcome: 'hold' })
  expect((elsewhere.reasons as { code: string }[])[0]).toMatchObject({ code: 'template.unknown' })
  const shown = await ask('/sign-in', { key: apiKey })
  expect(shown).toMatchObject({ status: 403, body: { code: 'auth.scope-missing' } })
})

it('answers a repeat alike, and takes batches', async () => {
  const { product, draft, approve, send } = await open()
  await approve('1', (await draft(alert())).body.hash)
  const key = { 'idempotency-key': 'one' }
  const [first, again] = [await send({}, key), await send({}, key)]
  expect([first.status, again.status]).toEqual([202, 200])
  expect(again.body).toEqual(first.body)
  expect(await send({ slots: { ...slots, place: 'Porto' } }, key)).toMatchObject({ status: 409 })
  const line = { class: 'other', recipient: { email: 'ben@example.net' }, template: 'sign-in' }
  const lines = [{ ...line, slots }, line, { ...line, slots, locale: 'de' }]
  const answers = await product.sendBatch(lines.map(one => JSON.stringify(one)).join('\n'))
  expect(answers).toMatchObject([
    { status: 202, outcome: 'deliver' },
    { status: 422, code: 'message.invalid' },
    { status: 202, outcome: 'deliver' },
  ])
})

it('sends nothing for what was held unwritten, until its version is approved', async () => {
  const { product, sink, draft, approve, send } = await open()
  const { body: drafted } = await draft(alert())
  const plain = { from: 'security@example.org', slots: { ...slots, device: 'Firefox' } }
  const { body: active } = await send({ ...plain, slots: { ...slots, device: 'www.attacker.example' } })
  const { body: held } = await send(plain)
  const release = (id = held.id) => product.ask(`/v1/holds/${id}/release`, { method: 'POST', key: adminKey })
  expect(await release()).toMatchObject({ status: 409, body: { code: 'template.not-written' } })
  await approve('1', drafted.hash)
  await product.restart()
  expect(await release()).toMatchObject({ status: 200 })
  await sink.until(1)
  expect(bodyOf(sink.mails[0]!.data)).toContain("Hello O'Brien <3,")
  await product.settled()
  expect(await release(active.id)).toMatchObject({ status: 200 })
  const timeline = await vi.waitFor(async () => {
    const { body } = await product.ask(`/v1/messages/${active.id}`)
    const steps = body.timeline as { type: string; detail: { reply?: string } }[]
    return steps.find(({ type }) => type === 'HandoverDeferred') ?? Promise.reject(new Error('not tried yet'))
  })
  expect(timeline.detail.reply).toMatch(/^it cannot be written/)
  expect(sink.mails).toHaveLength(1)
})

it('knows versions, what differs between them, and how they look', async () => {
  const { product, ask, draft, approve, send } = await open()
  const one = await draft(alert())
  await approve('1', one.body.hash)
  expect(await draft(alert())).toMatchObject({ status: 200, body: { version: '1', state: 'approved' } })
  const changed = alert()
  changed.locales.en.subject = 'A new sign-in'
  const two = await draft(changed, { 'if-match': `"${one.body.hash}"` })
  expect(two).toMatchObject({ status: 200, body: { version: '2', state: 'draft' } })
  expect(await draft(alert(), { 'if-match': `"${one.body.hash}"` })).toMatchObject({
    status: 412,
    body: { code: 'template.not-current' },
  })
  expect((await ask('/sign-in/diff?from=1&to=2')).body).toEqual({
    changes: [{ part: 'subject', where: 'en', before: 'New sign-in on {{ device }}', after: 'A new sign-in' }],
  })
  expect(await send({ template: 'sign-in@2' })).toMatchObject({ body: { outcome: 'hold' } })
  expect(await send()).toMatchObject({ body: { outcome: 'deliver' } })

  const markup = await ask('/sign-in/versions/1/preview?sample=markup&locale=de')
  expect(markup.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/)
  expect(markup.body).toMatchObject({ locale: 'de', locales: ['en', 'de'], invalid: ['name'] })
  const why = 'its value brings markup, link'
  expect(markup.body.holds).toEqual([
    { slot: 'name', code: 'content.slot-invalid', why: 'its value has more than 40 characters' },
    { slot: 'name', code: 'content.slot-active', why },
    { slot: 'device', code: 'content.slot-active', why },
  ])
  expect((await ask('/sign-in/versions/1/preview')).body.holds).toEqual([])
  expect(markup.body.html).not.toContain('<a href="https://attacker')
  const page = await ask('/sign-in/versions/1/preview?sample=right-to-left&part=html')
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.text).toContain('محمد')

  const retired = await ask('/sign-in/versions/1/retire', { body: {} })
  expect(retired).toMatchObject({ body: { state: 'retired', retiredBy: 'Ana' } })
  expect(await send()).toMatchObject({ body: { outcome: 'hold', reasons: [{ code: 'template.unknown' }] } })
  const { items } = (await ask('')).body as { items: { name: string; versions: { state: string }[] }[] }
  expect(items.find(({ name }) => name === 'sign-in')!.versions.map(({ state }) => state)).toEqual(['retired', 'draft'])

  await product.query(`update template_source set compiled = compiled || ' '`)
  await product.restart()
  expect(await ask('/sign-in/versions/2/preview')).toMatchObject({ status: 409, body: { code: 'template.no-source' } })
})

it('names every fault, and asks for a reason where the wording is wrong', async () => {
  const { ask, draft } = await open()
  const wrong = alert({ class: 'nowhere' })
  expect(await draft(wrong)).toMatchObject({
    status: 422,
    body: { faults: [{ pointer: '/class', code: 'class.unknown' }] },
  })
  const faulty = alert()
  faulty.locales.en.text = '{{ nobody }}'
  faulty.locales.de.mjml = mjml('<mj-raw><script>x()</script></mj-raw>')
  expect(await draft(faulty)).toMatchObject({
    status: 422,
    body: {
      code: 'template.invalid',
      faults: [
        { pointer: '/locales/en/text', code: 'template.slot-unknown' },
        { pointer: '/locales/de/mjml', code: 'template.mjml-element' },
      ],
    },
  })
  const urgent = alert()
  urgent.locales.en.subject = 'URGENT: act immediately or your account will be suspended'
  await draft(urgent)
  const refused = await ask('/sign-in/versions/1/submit', { body: {} })
  expect(refused).toMatchObject({ status: 422, body: { code: 'template.lint' } })
  expect(await ask('/sign-in/versions/1/submit', { body: { despite: 'we mean it' } })).toMatchObject({
    body: { state: 'in-review', despite: [{ by: 'Ana', reason: 'we mean it' }] },
  })
  expect(await ask('/sign-in/versions/1/return', { body: { reason: 'calmer, please' }, key: ben.key })).toMatchObject({
    body: { state: 'draft', returned: { by: 'Ben', reason: 'calmer, please' } },
  })
  expect(await ask('/nobody')).toMatchObject({ status: 404, body: { code: 'template.unknown' } })
})

it('brings templates of its own, ready to be used', async () => {
  const { product, sink, ask } = await open()
  const { items } = (await ask('')).body as { items: { name: string; versions: object[] }[] }
  expect(items.map(({ name }) => name)).toContain('password-reset')
  const own = await ask('/password-reset/versions/1')
  expect(own.body).toMatchObject({ state: 'approved', author: 'tocsin', approvedBy: 'config', findings: [] })
  const { slots: known } = own.body.source as { slots: Record<string, { required: boolean; samples: string[] }> }
  const values = Object.fromEntries(
    Object.entries(known)
      .filter(([, { required }]) => required)
      .map(([name, { samples }]) => [name, samples[0]!]),
  )
  const [one, other] = await Promise.all(
    ['es', 'de'].map(locale =>
      product.send({
        class: 'password-reset',
        recipient: { email: 'ann@example.net' },
        from: 'security@example.org',
        template: 'password-reset',
        slots: values,
        locale,
      }),
    ),
  )
  expect([one!.body.outcome, other!.body.outcome, one!.body.reasons]).toEqual(['deliver', 'deliver', expect.anything()])
  await sink.until(2)
  expect(sink.mails.map(({ data }) => /lang="(\w+)"/.exec(bodyOf(data))?.[1]).sort()).toEqual(['de', 'es'])
  const { rows } = await product.query(`select count(*)::int as count from template_source`)
  expect(rows).toEqual([{ count: 1 }])
  await product.restart()
  expect((await ask('/password-reset')).body.versions).toHaveLength(1)
})

it('is done on the command line, too', async () => {
  const { product } = await open()
  const cli = join(import.meta.dirname, '..', 'src', 'cli', 'tocsin.ts')
  const run = async (args: string[], env = {}) => {
    const environment = { PATH: process.env.PATH, TOCSIN_DATA_DIR: join(product.dataDir, 'data'), ...env }
    const child = spawn(process.execPath, [cli, 'templates', ...args], { env: environment })
    let [said, complained] = ['', '']
    child.stdout.on('data', text => void (said += text))
    child.stderr.on('data', text => void (complained += text))
    const [code] = await once(child, 'close')
    return { code: code as number, said, complained }
  }
  const file = join(product.dataDir, 'sign-in.json')
  const { locales, ...rest } = alert()
  writeFileSync(join(product.dataDir, 'en.mjml'), locales.en.mjml)
  const { mjml: _, ...english } = locales.en
  const onDisk = { name: 'sign-in', ...rest, locales: { ...locales, en: { ...english, mjmlFile: 'en.mjml' } } }
  writeFileSync(file, JSON.stringify(onDisk))

  const { hash } = JSON.parse((await run(['lint', file, '--json'])).said) as { hash: string }
  expect(await run(['draft', file])).toMatchObject({ code: 0, said: expect.stringContaining(hash) })
  const despite = ['--despite', 'a test']
  expect((await run(['submit', 'sign-in@1', ...despite])).code).toBe(0)
  const approval = ['approve', 'sign-in@1', '--hash', hash, ...despite]
  expect(await run(approval)).toMatchObject({ code: 1, complained: expect.stringContaining('approval.same-person') })
  expect(await run(approval, { TOCSIN_OPERATOR_KEY: ben.key })).toMatchObject({ code: 0, complained: '' })
  expect((await run(['show', 'sign-in'])).said).toContain('approved by Ben')
  expect(JSON.parse((await run(['show', 'sign-in@1', '--source'])).said).locales.en.mjml).toBe(locales.en.mjml)
  const shown = await run(['preview', 'sign-in@1', '--locale', 'de', '--sample', 'heart', '--out', product.dataDir])
  expect(readFileSync(shown.said.split('\n')[0]!, 'utf8')).toContain('Ann &lt;3 Bob')

  const held = /would be held:\n(?: {2}name.*\n)+ {2}device: its value brings markup, link \(content\.slot-active\)/
  expect((await run(['preview', 'sign-in@1', '--sample', 'markup'])).said).toMatch(held)
  expect((await run(['preview', 'sign-in@1'])).said).not.toContain('would be held')

  writeFileSync(file, JSON.stringify({ ...onDisk, class: 'nowhere', slots: {} }))
  expect(await run(['draft', file])).toMatchObject({
    code: 1,
    complained: expect.stringContaining('/class class.unknown'),
  })
  expect(await run(['lint', file])).toMatchObject({ code: 1, said: expect.stringContaining('template.slot-unknown') })
  expect((await run(['lint', 'nowhere.json'])).code).toBe(2)
  expect((await run(['approve', 'sign-in@1'])).code).toBe(2)
  expect((await run(['retire', 'sign-in@1'])).code).toBe(0)
  expect((await run([])).said).toContain('retired')
}, 90_000)
