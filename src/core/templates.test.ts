import { describe, expect, it } from 'vitest'
import { Core, inWords } from '../../test/core.ts'
import type { Command } from './commands.ts'
import { commandLine, firstOperator } from './people.ts'
import { beginCapture, restore } from './snapshot.ts'
import { Templates, templatesMax, untakenLooksMax, versionsMax } from './templates.ts'

type Step = [verb: 'draft' | 'submit' | 'approve' | 'return' | 'retire' | 'learn', by: string, hash?: string]

const named = { template: 'reset', version: '1' }
const types = {
  draft: 'DraftTemplate',
  submit: 'SubmitTemplate',
  approve: 'ApproveTemplate',
  return: 'ReturnTemplate',
  retire: 'RetireTemplate',
} as const

function commandOf([verb, by, hash = 'h1']: Step, name = named): Command {
  if (verb === 'learn') return { type: 'LearnSkeleton', ...name, hash, application: by, class: 'password-reset' }
  return { type: types[verb], ...name, hash, by, reason: 'too loud' } as Command
}

const play = (core: Core, steps: Step[], name = named): string =>
  steps.map(step => inWords(core.do(commandOf(step, name)))).join(', ')

const stateOf = (core: Core) => core.state.templates.version(named)?.state

describe('the way of a version', () => {
  it.each<[string, Step[], string, ReturnType<typeof stateOf>]>([
    ['draft', [['draft', 'ana']], 'done', 'draft'],
    ['the same draft twice', [['draft', 'ana'], ['draft', 'ben']], 'done, repeat', 'draft'],
    ['in review', [['draft', 'ana'], ['submit', 'ana']], 'done, done', 'in-review'],
    ['submitted twice', [['draft', 'ana'], ['submit', 'ana'], ['submit', 'ana']], 'done, done, repeat', 'in-review'],
    ['approved', [['draft', 'ana'], ['submit', 'ana'], ['approve', 'ben']], 'done, done, done', 'approved'],
    ['approved twice', [['draft', 'ana'], ['submit', 'ana'], ['approve', 'ben'], ['approve', 'ben']], 'done, done, done, repeat', 'approved'],
    ['retired', [['draft', 'ana'], ['submit', 'ana'], ['approve', 'ben'], ['retire', 'ana']], 'done, done, done, done', 'retired'],
    ['retired twice', [['draft', 'ana'], ['retire', 'ana'], ['retire', 'ben']], 'done, done, repeat', 'retired'],
    ['returned', [['draft', 'ana'], ['submit', 'ana'], ['return', 'ben']], 'done, done, done', 'draft'],
    ['returned, and once more', [['draft', 'ana'], ['submit', 'ana'], ['return', 'ben'], ['submit', 'ana'], ['approve', 'ben']], 'done, done, done, done, done', 'approved'],
  ])('%s', (_, steps, answers, state) => {
    const core = new Core()
    expect(play(core, steps)).toBe(answers)
    expect(stateOf(core)).toBe(state)
  }) // biome-ignore format: a table

  it.each<[string, Step[], string]>([
    ['nobody drafted it', [['approve', 'ben']], 'template.unknown'],
    ['a draft is not in review', [['draft', 'ana'], ['approve', 'ben']], 'template.not-in-review'],
    ['a draft cannot come back', [['draft', 'ana'], ['return', 'ben']], 'template.not-in-review'],
    ['other hash submitted', [['draft', 'ana'], ['submit', 'ana', 'h2']], 'template.other-hash'],
    ['other hash approved', [['draft', 'ana'], ['submit', 'ana'], ['approve', 'ben', 'h2']], 'template.other-hash'],
    ['other hash returned', [['draft', 'ana'], ['submit', 'ana'], ['return', 'ben', 'h2']], 'template.other-hash'],
    ['other hash retired', [['draft', 'ana'], ['retire', 'ana', 'h2']], 'template.other-hash'],
    ['drafted anew while in review', [['draft', 'ana'], ['submit', 'ana'], ['draft', 'cem', 'h2'], ['approve', 'ben', 'h2']], 'template.not-in-review'],
    ['what is approved does not change', [['draft', 'ana'], ['submit', 'ana'], ['approve', 'ben'], ['draft', 'ana', 'h2']], 'template.not-editable'],
    ['nor what is retired', [['draft', 'ana'], ['retire', 'ana'], ['draft', 'ana']], 'template.not-editable'],
    ['submitted after its approval', [['draft', 'ana'], ['submit', 'ana'], ['approve', 'ben'], ['submit', 'ana']], 'template.not-draft'],
    ['by its author', [['draft', 'ana'], ['submit', 'ben'], ['approve', 'ana']], 'approval.same-person'],
    ['by whoever submitted it', [['draft', 'ana'], ['submit', 'ben'], ['approve', 'ben']], 'approval.same-person'],
    ['by an author of before', [['draft', 'ana'], ['draft', 'ben', 'h2'], ['submit', 'ben', 'h2'], ['approve', 'ana', 'h2']], 'approval.same-person'],
    ['by whoever submitted it before', [['draft', 'ana'], ['submit', 'cem'], ['return', 'ben'], ['submit', 'ana'], ['approve', 'cem']], 'approval.same-person'],
    ['by one person under two names', [['draft', firstOperator], ['submit', firstOperator], ['approve', commandLine]], 'approval.same-person'],
    ['a name that was learnt', [['learn', 'shop'], ['draft', 'ana', 'h2']], 'template.other-kind'],
    ['a name that was drafted', [['draft', 'ana'], ['learn', 'shop']], 'template.other-kind'],
  ])('refuses: %s', (_, steps, code) => {
    const core = new Core()
    expect(play(core, steps).split(', ').at(-1)).toBe(`refused ${code}`)
  }) // biome-ignore format: a table

  it('writes down who tried to approve what did not count', () => {
    const core = new Core()
    play(core, [['draft', 'ana'], ['submit', 'ana'], ['approve', 'ana'], ['approve', 'ben', 'h2']]) // biome-ignore format: a table
    const tried = core.events.filter(event => event.type === 'TemplateNotApproved')
    expect(tried.map(({ by, code }) => `${by} ${code}`)).toEqual([
      'ana approval.same-person',
      'ben template.other-hash',
    ])
  })

  it('keeps the reason for which a version came back', () => {
    const core = new Core()
    play(core, [['draft', 'ana'], ['submit', 'ana'], ['return', 'ben']]) // biome-ignore format: a table
    expect(core.state.templates.version(named)?.returned).toEqual({ by: 'ben', reason: 'too loud', at: core.at })
  })

  it('is for one class', () => {
    const core = new Core()
    const draft = (version: string, className: string) =>
      inWords(core.do({ type: 'DraftTemplate', template: 'reset', version, hash: 'h', class: className, by: 'ana' }))
    expect([draft('1', 'password-reset'), draft('2', 'breach-notice'), draft('1', 'no-such')]).toEqual([
      'done',
      'refused template.other-class',
      'refused class.unknown',
    ])
  })
})

describe('what was learnt', () => {
  it('waits as a draft for two people, whoever they are', () => {
    const core = new Core()
    expect(play(core, [['learn', 'shop'], ['learn', 'shop'], ['learn', 'shop', 'h2'], ['learn', 'mail']])).toBe(
      'done, repeat, refused template.other-hash, refused template.other-class',
    ) // biome-ignore format: a table
    expect(core.state.templates.guards('shop', 'password-reset')).toBe(false)
    expect(play(core, [['approve', 'ana'], ['submit', 'ana'], ['approve', 'ana'], ['approve', 'ben']])).toBe(
      'refused template.not-in-review, done, refused approval.same-person, done',
    ) // biome-ignore format: a table
    expect(core.state.templates.guards('shop', 'password-reset')).toBe(true)
    expect(core.state.templates.guards('shop', 'other')).toBe(false)
    expect(core.state.templates.isApprovedLook('shop', 'password-reset', 'h1')).toBe(true)
    expect(core.state.templates.isApprovedLook('shop', 'password-reset', 'h2')).toBe(false)
  })

  it('guards until its last look is retired', () => {
    const core = new Core()
    const other = { template: 'reset', version: '2' }
    play(core, [['learn', 'shop'], ['submit', 'ana'], ['approve', 'ben']]) // biome-ignore format: a table
    play(core, [['learn', 'shop'], ['submit', 'ana'], ['approve', 'ben']], other) // biome-ignore format: a table
    play(core, [['retire', 'ana']])
    expect(core.state.templates.isApprovedLook('shop', 'password-reset', 'h1')).toBe(true)
    play(core, [['retire', 'ana']], other)
    expect(core.state.templates.guards('shop', 'password-reset')).toBe(false)
  })
})

describe('limits', () => {
  const learn = (core: Core, template: string, version: string) =>
    inWords(
      core.do({
        type: 'LearnSkeleton',
        template,
        version,
        hash: `${template} ${version}`,
        application: 'shop',
        class: 'other',
      }),
    )
  const draft = (core: Core, template: string, version: string) =>
    inWords(core.do({ type: 'DraftTemplate', template, version, hash: `${template} ${version}`, by: 'ana' }))

  it('keeps of looks that nobody has taken up the newest', () => {
    const core = new Core()
    learn(core, 'look', 'kept')
    core.do({ type: 'SubmitTemplate', template: 'look', version: 'kept', hash: 'look kept', by: 'ana' })
    for (let n = 0; n < 50; n++) expect(learn(core, 'look', `${n}`)).toBe('done')
    const versions = core.state.templates.get('look')!.versions.map(({ version }) => version)
    expect(versions).toEqual(['kept', ...Array.from({ length: untakenLooksMax }, (_, n) => `${42 + n}`)])
  })

  it('refuses a version too many, and takes it when one is retired', () => {
    const core = new Core()
    for (let n = 0; n < versionsMax; n++) expect(draft(core, 'reset', `${n}`)).toBe('done')
    expect(draft(core, 'reset', 'new')).toBe('refused template.versions-too-many')
    core.do({ type: 'RetireTemplate', template: 'reset', version: '3', hash: 'reset 3', by: 'ana' })
    expect(draft(core, 'reset', 'new')).toBe('done')
    expect(core.state.templates.get('reset')!.versions).toHaveLength(versionsMax)
    expect(core.state.templates.version({ template: 'reset', version: '3' })).toBeUndefined()
  })

  it('refuses a template too many, but not for the sake of a look that nobody has taken up', () => {
    const core = new Core()
    learn(core, 'look', '1')
    for (let n = 1; n < templatesMax; n++) draft(core, `t${n}`, '1')
    expect(draft(core, 'late', '1')).toBe('done')
    expect(core.state.templates.get('look')).toBeUndefined()
    expect(core.state.templates.size).toBe(templatesMax)
    expect([draft(core, 'later', '1'), learn(core, 'look', '1')]).toEqual(Array(2).fill('refused templates.too-many'))
  })
})

describe('the newest approved version', () => {
  it('is the one that was approved last, whenever it was drafted', () => {
    const core = new Core()
    const approved: string[] = []
    for (const version of ['1', '2', '3']) play(core, [['draft', 'ana'], ['submit', 'ana']], { ...named, version }) // biome-ignore format: a table
    for (const version of ['3', '1', '2']) {
      core.at += 1000
      play(core, [['approve', 'ben']], { ...named, version })
      approved.push(core.state.templates.newestApproved('reset')!.version)
    }
    expect(approved).toEqual(['3', '1', '2'])
    play(core, [['retire', 'ben']], { ...named, version: '2' })
    expect(core.state.templates.newestApproved('reset')!.version).toBe('1')
  })
})

describe('a snapshot', () => {
  it('has the templates, and what follows from them', () => {
    const core = new Core()
    play(core, [['learn', 'shop'], ['submit', 'ana'], ['approve', 'ben']]) // biome-ignore format: a table
    play(core, [['draft', 'ana'], ['submit', 'ana'], ['return', 'ben']], { template: 'other', version: '1' }) // biome-ignore format: a table
    const capture = beginCapture(core.state, { whole: true })
    const pages = []
    for (let page = capture.next(); page; page = capture.next()) pages.push(page)
    const { templates } = restore(pages)
    expect(templates).toBeInstanceOf(Templates)
    expect(templates.toJSON()).toEqual(core.state.templates.toJSON())
    expect(templates.guards('shop', 'password-reset')).toBe(true)
    expect(templates.isApprovedLook('shop', 'password-reset', 'h1')).toBe(true)
  })
})
