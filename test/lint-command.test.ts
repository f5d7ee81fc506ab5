import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { builtInTemplates } from '../src/templates/builtin/builtin.ts'

const cli = join(import.meta.dirname, '..', 'src', 'cli', 'tocsin.ts')
const folder = mkdtempSync(join(tmpdir(), 'tocsin-lint-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

function lint(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'lint', ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

const good = `From: Example <security@example.org>
Subject: A new sign-in to Example
Content-Type: text/plain; charset=utf-8
X-Tocsin-Class: sign-in-alert

Hello Anna,
Somebody signed in to your account at 10:30 UTC, near Berlin, Germany, with Firefox.
If it was you, there is nothing you need to do. If not, open the app and choose Security.
`

describe('npx tocsin lint', () => {
  it('has nothing to say of a good mail', () => {
    expect(lint(file('good.eml', good))).toMatchObject({ status: 0, stdout: expect.stringContaining('nothing found') })
  })

  it('says in words what is wrong with a bad one, and never writes to the terminal what the mail says', () => {
    const bad = file('bad.eml', good.replace('Subject: A new', 'Subject: =?utf-8?q?URGENT=1B[31m:?= a new'))
    const { status, stdout } = lint(bad)
    expect(status).toBe(1)
    expect(stdout).toMatch(/error {4}urgency, in the subject: URGENT\n +Haste .*\n +Better: /)
    expect(stdout).not.toContain('\u001b')
  })

  it('takes the class, the sender and the hosts from the command line', () => {
    const text = good
      .replace('X-Tocsin-Class: sign-in-alert\n', '')
      .replace('choose Security.', 'see https://a.example/x')
    const { status, stdout } = lint(
      file('other.eml', text),
      '--class',
      'sign-in-alert',
      '--hosts',
      'example.org',
      '--json',
    )
    expect(status).toBe(1)
    const [{ kind, findings }] = JSON.parse(stdout).files
    expect([kind, findings.map(({ rule }: { rule: string }) => rule)]).toEqual(['mail', ['link-host']])
  })

  it('looks at a template in every language', () => {
    const template = structuredClone(builtInTemplates[0]!)
    const hosts = ['--hosts', 'example.org,*.example.org']
    expect(lint(file('reset.json', JSON.stringify(template)), ...hosts)).toMatchObject({ status: 0 })
    template.locales.de!.text += 'Handeln Sie sofort.\n'
    const { status, stdout } = lint(file('hasty.json', JSON.stringify(template)), ...hosts, '--json')
    expect(status).toBe(1)
    const [{ findings }] = JSON.parse(stdout).files
    expect(findings).toMatchObject([
      { rule: 'urgency', locale: 'de', where: { part: 'text', quote: 'Handeln Sie sofort' } },
    ])
  })

  it('names the faults of a template that does not compile', () => {
    const { status, stdout } = lint(file('broken.json', '{"name": "a"}'))
    expect(status).toBe(1)
    expect(stdout).toContain('template.field-missing at /class')
  })

  it('says that it does not know the words of a language', () => {
    const { status, stdout } = lint(file('fr.eml', good), '--language', 'fr')
    expect(status).toBe(0)
    expect(stdout).toContain('Wording was not judged: fr')
  })

  it('says when it has looked at the beginning only', () => {
    const { status, stdout } = lint(file('long.eml', good + 'All is well.\n'.repeat(10_000)))
    expect(status).toBe(1)
    expect(stdout).toContain('too-long: only the first 100 KB')
  })

  it.each([
    ['no file', []],
    ['a file that is not there', [join(folder, 'nothing.eml')]],
    ['no JSON', [file('no.json', 'x')]],
    ['an unknown option', ['--colour', 'x']],
    ['a class that there is not', [file('of-no-class.eml', good), '--class', 'nope']],
    ['a file that is no mail', [file('notes.txt', 'Dear diary,\n\nnothing happened: all is well.\n')]],
    ['an empty file', [file('empty.eml', '')]],
    ['bytes', [file('bytes.eml', '\u0000\u0001\u0002')]],
  ])('%s is wrong use', (_, args) => {
    const { status, stdout, stderr } = lint(...args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).not.toBe('')
  })

  it('and templates lint say the same of a template', () => {
    const template = {
      name: 'alert',
      class: 'sign-in-alert',
      slots: {
        when: { type: 'time', control: 'trusted', required: true },
        device: { type: 'device', control: 'user', required: true },
      },
      locales: {
        en: {
          subject: 'A new sign-in to Example',
          mjmlFile: 'en.mjml',
          text: 'Somebody signed in to your account with {{ device }} on {{ when | date: "%Y-%m-%d %H:%M %Z" }}.\n',
        },
      },
    }
    file(
      'en.mjml',
      '<mjml><mj-body><mj-section><mj-column><mj-text>Somebody signed in with {{ device }} on {{ when | date: "%Y-%m-%d %H:%M %Z" }}. <a href="https://elsewhere.example/">Look</a></mj-text></mj-column></mj-section></mj-body></mjml>',
    )
    const path = file('alert.json', JSON.stringify(template))
    const args = [cli, 'templates', 'lint', path, '--json']
    const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    type Said = { rule: string; reason: string }
    const said = (findings: Said[]) => findings.map(({ rule, reason }) => `${rule}: ${reason}`)
    const there = said(JSON.parse(stdout).findings)
    const here = said(JSON.parse(lint(path, '--json').stdout).files[0].findings)
    expect(here).toEqual(there)
    expect(here.join('\n')).toContain('link-host')
    expect(here.join('\n')).not.toMatch(/^time:/m)
  })
})
