import { unreachable } from '../std/assert.ts'
import type { Command, Decision, RefusalCode } from './commands.ts'
import type { Event } from './events.ts'
import { isSamePerson } from './people.ts'
import { classOf } from './policy.ts'
import type { State } from './state.ts'
import type { NotApprovedCode, TemplateVersion } from './templates.ts'

type Named = { template: string; version: string; hash: string }

/** What people want of a version of a template. Each names its hash, so that nobody decides on something else than what was read. */
export type TemplateCommand =
  /** A new version, or another hash for one that is not approved yet. */
  | ({ type: 'DraftTemplate'; class?: string; by: string } & Named)
  /** `despite`: why it is right although what looks at wording and looks has found an error. */
  | ({ type: 'SubmitTemplate'; by: string; despite?: string } & Named)
  | ({ type: 'ApproveTemplate'; by: string; despite?: string } & Named)
  /** From review back to its author. */
  | ({ type: 'ReturnTemplate'; by: string; reason: string } & Named)
  /** For good; what was approved no longer is. */
  | ({ type: 'RetireTemplate'; by: string } & Named)
  /** The skeleton of the mails of a sender was seen often enough. */
  | ({ type: 'LearnSkeleton'; application: string; class: string } & Named)

export type TemplateRefusal =
  | 'template.unknown'
  | 'template.other-hash'
  | 'template.other-kind'
  | 'template.other-class'
  | 'template.not-editable'
  | 'template.not-draft'
  | 'template.not-in-review'
  | 'template.versions-too-many'
  | 'templates.too-many'

const commandTypes: Record<TemplateCommand['type'], true> = {
  DraftTemplate: true,
  SubmitTemplate: true,
  ApproveTemplate: true,
  ReturnTemplate: true,
  RetireTemplate: true,
  LearnSkeleton: true,
}

export const isTemplateCommand = (command: Command): command is TemplateCommand =>
  Object.hasOwn(commandTypes, command.type)

const done = (...events: Event[]): Decision => ({ events, answer: { type: 'done' } })
const repeat: Decision = { events: [], answer: { type: 'repeat' } }
const refused = (code: RefusalCode, ...events: Event[]): Decision => ({ events, answer: { type: 'refused', code } })

export function decideTemplate(state: State, command: TemplateCommand): Decision {
  if (command.type === 'DraftTemplate') return draft(state, command)
  if (command.type === 'LearnSkeleton') return learn(state, command)
  const version = state.templates.version(command)
  if (!version) return refused('template.unknown')
  const isPinned = version.hash === command.hash
  switch (command.type) {
    case 'SubmitTemplate': {
      const { type: _, ...submitted } = command
      if (!isPinned) return refused('template.other-hash')
      if (version.state === 'in-review' && version.submittedBy === command.by) return repeat
      return version.state === 'draft'
        ? done({ type: 'TemplateSubmitted', ...submitted })
        : refused('template.not-draft')
    }
    case 'ApproveTemplate':
      return approve(version, command)
    case 'ReturnTemplate': {
      const { type: _, ...returned } = command
      if (!isPinned) return refused('template.other-hash')
      return version.state === 'in-review'
        ? done({ type: 'TemplateReturned', ...returned })
        : refused('template.not-in-review')
    }
    case 'RetireTemplate': {
      const { type: _, ...retired } = command
      if (!isPinned) return refused('template.other-hash')
      return version.state === 'retired' ? repeat : done({ type: 'TemplateRetired', ...retired })
    }
    default:
      return unreachable(command)
  }
}

function draft(
  { templates, policy }: State,
  { type: _, ...drafted }: Extract<TemplateCommand, { type: 'DraftTemplate' }>,
): Decision {
  const { template: name, class: className, hash } = drafted
  if (className !== undefined && !classOf(policy, className)) return refused('class.unknown')
  const template = templates.get(name)
  if (template?.kind === 'learnt') return refused('template.other-kind')
  // One person must not take what two have approved for one class over into another.
  if (template && template.class !== className) return refused('template.other-class')
  const before = templates.version(drafted)
  if (before?.state === 'approved' || before?.state === 'retired')
    return before.hash === hash && before.state === 'approved' ? repeat : refused('template.not-editable')
  if (before?.hash === hash) return repeat
  const full = before ? undefined : templates.roomFor(name)
  return full ? refused(full) : done({ type: 'TemplateDrafted', ...drafted })
}

/** Every attempt that does not count is journalled: who tried to approve what, and why not. */
function approve(
  version: TemplateVersion,
  { type: _, ...approval }: Extract<TemplateCommand, { type: 'ApproveTemplate' }>,
): Decision {
  const { by, hash } = approval
  const no = (code: NotApprovedCode) => refused(code, { type: 'TemplateNotApproved', ...approval, code })
  if (version.hash !== hash) return no('template.other-hash')
  if (version.state === 'approved' && isSamePerson(version.approvedBy!, by)) return repeat
  if (version.state !== 'in-review') return refused('template.not-in-review')
  if (version.shapedBy.some(person => isSamePerson(person, by))) return no('approval.same-person')
  return done({ type: 'TemplateApproved', ...approval })
}

/** Learning binds nobody: what was learnt waits as a draft for two people, and until then messages that look so go as before. */
function learn(
  { templates, policy }: State,
  { type: _, ...learnt }: Extract<TemplateCommand, { type: 'LearnSkeleton' }>,
): Decision {
  const { template: name, application, class: className, hash } = learnt
  if (!classOf(policy, className)) return refused('class.unknown')
  const template = templates.get(name)
  if (template && template.kind !== 'learnt') return refused('template.other-kind')
  if (template && (template.class !== className || template.application !== application))
    return refused('template.other-class')
  const before = templates.version(learnt)
  if (before) return before.hash === hash ? repeat : refused('template.other-hash')
  const full = templates.roomFor(name)
  return full ? refused(full) : done({ type: 'SkeletonLearnt', ...learnt })
}
