import { expect, it, vi } from 'vitest'
import { makeOperatorKey } from '../src/inbound/keys.ts'
import type { Look } from '../src/proof/skeleton/look.ts'
import { mailTemplates, Values } from './mail-templates.ts'
import { adminKey, openHouse, Product } from './product.ts'
import { startSink } from './sink.ts'

const ana = makeOperatorKey()
const config = {
  ...openHouse,
  classes: {
    other: { mode: 'enforce' as const, budgetPerHour: { open: 1_000_000 } },
    'password-reset': {
      mode: 'enforce' as const,
      budgetPerHour: { open: 1_000_000 },
      causes: { requirement: 'never' as const },
    },
  },
  operators: [{ name: 'Ana', keyHash: ana.keyHash }],
}

/** As an application would hand it over. */
function mailOf(look: Look, to: string, className?: string, attached?: Buffer): Buffer {
  const encoded = (text: string) => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`
  const part = (type: string, body: string) =>
    `--b\r\nContent-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(body).toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`
  const file = (bytes: Buffer) =>
    `--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n${bytes.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`
  const head = [
    ...(className ? [`X-Tocsin-Class: ${className}`] : []),
    `From: ${look.from}`,
    `To: <${to}>`,
    `Subject: ${encoded(look.subject)}`,
    'MIME-Version: 1.0',
    `Content-Type: multipart/${attached ? 'mixed' : 'alternative'}; boundary=b`,
  ].join('\r\n')
  return Buffer.from(
    `${head}\r\n\r\n${part('text/plain', look.text!)}${part('text/html', look.html!)}${attached ? file(attached) : ''}--b--\r\n`,
  )
}

type Version = { version: string; hash: string; state: string; messages?: number }
type Detail = Version & {
  look: {
    shown: Record<string, string>
    changes: { text: string }[]
    unlearnt: { mails: number; changes: { text: string }[] }[]
  }
}

it('mails of a template that is written elsewhere: learnt, approved by two, and a change is held and named', async () => {
  const sink = await startSink()
  const product = await Product.start({ config, upstreams: [sink.port] })
  const client = await product.smtp()
  const values = new Values(20261124)
  let people = 0
  const send = (change: (look: Look) => Look = look => look, className: string | undefined = 'password-reset') => {
    const to = `p${++people}@people.example`
    return client.mail(mailOf(change(mailTemplates.reset!(values)), to, className), {
      from: 'no-reply@shop.example',
      to,
    })
  }
  const ask = async <T>(path: string, key = adminKey, body?: object) => {
    const headers = { 'content-type': 'application/json' }
    const init = body ? { method: 'POST', body: JSON.stringify(body), headers, key } : { key }
    const answer = await product.ask(path, init)
    return { status: answer.status, body: answer.body as T }
  }
  const learnt = (versions: number) =>
    vi.waitFor(async () => {
      const { items } = (await ask<{ items: { name: string; kind: string; versions: Version[] }[] }>('/v1/templates'))
        .body
      const found = items.filter(({ kind }) => kind === 'learnt')
      expect(found.map(one => one.versions.length)).toEqual([versions])
      return found[0]!
    })
  const approve = async (path: string, hash: string) => {
    expect((await ask(`${path}/submit`, adminKey, { hash })).status).toBe(200)
    expect((await ask<{ code: string }>(`${path}/approve`, adminKey, { hash })).body.code).toBe('approval.same-person')
    expect((await ask<Version>(`${path}/approve`, ana.key, { hash })).body.state).toBe('approved')
  }
  const moved = (look: Look) => ({
    ...look,
    html: look.html!.replace('//shop.example/reset', '//login.shop.example/reset'),
  })

  for (let i = 0; i < 15; i++) expect(await send()).toMatch(/^250 2\.0\.0 \S+ deliver$/)
  const { name, versions } = await learnt(1)
  expect(name).toMatch(/^learnt:[^:]+:password-reset:1$/)
  const path = `/v1/templates/${name}/versions/1`
  const { body: first } = await ask<Detail>(path)
  expect(first.look.shown).toMatchObject({ subject: 'Reset your password at Shop' })
  expect(first.look.shown.text).toContain('Hello ‹text›,')
  expect(first.state).toBe('draft')
  expect(await ask(`${path}/preview`)).toMatchObject({ status: 409, body: { code: 'template.learnt' } })
  // Nothing is held before anybody has approved anything.
  expect(await send(moved)).toMatch(/ deliver$/)

  await approve(path, versions[0]!.hash)
  expect(await send()).toMatch(/ deliver$/)
  // Without a class: it is known by its look, also when it was tampered with.
  expect(await send(undefined, '')).toMatch(/ deliver$/)
  for (const className of ['password-reset', '']) {
    const reply = await send(moved, className)
    expect(reply).toMatch(/^250 2\.0\.0 \S+ hold$/)
    const id = reply.split(' ')[2]!
    const { body: held } = await ask<{ class: string; reasons: { code: string }[] }>(`/v1/messages/${id}`)
    expect([held.class, held.reasons.map(({ code }) => code)]).toEqual([
      'password-reset',
      expect.arrayContaining(['template.changed']),
    ])
  }
  // The same content over HTTP has the same look; something attached, too large to be looked at in passing, has another one.
  const inline = async (change: (look: Look) => Look) => {
    const recipient = { email: `h${++people}@people.example` }
    return (await product.send({ class: 'password-reset', recipient, ...change(mailTemplates.reset!(values)) })).body
  }
  expect((await inline(look => look)).outcome).toBe('deliver')
  expect(await inline(moved)).toMatchObject({ outcome: 'hold', reasons: [{ code: 'template.changed' }] })
  const withFile = mailOf(mailTemplates.reset!(values), 'f@people.example', 'password-reset', Buffer.alloc(60_000, 7))
  expect(await client.mail(withFile, { from: 'no-reply@shop.example', to: 'f@people.example' })).toMatch(/ hold$/)
  const told = (await ask<Detail>(path)).body.look.unlearnt.flatMap(one => one.changes.map(change => change.text))
  expect(told).toContain('There is something attached now: application/pdf.')
  // What stands where names stand is a name, and nothing to call.
  const named = (look: Look) => ({
    ...look,
    text: look.text!.replace(/^Hello .*,/, 'Hello dear customer call +1 202 555 0143,'),
  })
  const active = (await send(named)).split(' ')
  expect(active[3]).toBe('hold')
  const { body: called } = await ask<{ reasons: { code: string }[] }>(`/v1/messages/${active[2]}`)
  expect(called.reasons.map(({ code }) => code)).toContain('content.slot-active')
  expect(called.reasons.map(({ code }) => code)).not.toContain('template.changed')
  const { body: alarms } = await ask<{ items: { detector: string }[] }>('/v1/alarms')
  expect(alarms.items.map(({ detector }) => detector)).toContain('template-changed')
  const { body: after } = await ask<Detail>(path)
  expect(after.look.unlearnt.flatMap(one => one.changes.map(change => change.text))).toContain(
    'A link that led to shop.example leads to login.shop.example now.',
  )
  expect(product.logs.join('\n')).toContain('A link that led to shop.example leads to login.shop.example now.')

  // A restart forgets nothing: what is known is known, and what is being learnt goes on.
  await product.restart()
  const again = await product.smtp()
  const sendAgain = (change: (look: Look) => Look = look => look) => {
    const to = `q${++people}@people.example`
    return again.mail(mailOf(change(mailTemplates.reset!(values)), to, 'password-reset'), {
      from: 'no-reply@shop.example',
      to,
    })
  }
  expect(await sendAgain()).toMatch(/ deliver$/)
  for (let i = 0; i < 9; i++) expect(await sendAgain(moved)).toMatch(/ hold$/)
  const { versions: both } = await learnt(2)
  const second = await ask<Detail>(`/v1/templates/${name}/versions/2`)
  expect(second.body.look.changes.map(({ text }) => text)).toEqual([
    'A link that led to shop.example leads to login.shop.example now.',
  ])
  const { body: diff } = await ask<{ changes: { part: string }[] }>(`/v1/templates/${name}/diff?from=1&to=2`)
  expect(diff.changes.map(({ part }) => part)).toEqual(['html'])
  expect(both[0]!.messages).toBeGreaterThan(1)

  // Nobody's name or token is in the tables.
  const rows = JSON.stringify((await product.query('select * from skeleton')).rows)
  expect(rows).not.toMatch(/people\.example|O'Brien|Иванова|王小明/)
  const sealed = (await product.query("select encode(sealed, 'escape') as text from skeleton_underway")).rows
  expect(JSON.stringify(sealed)).not.toContain('hashes')
  client.close()
  again.close()
}, 60_000)
