import type { Lane } from './policy.ts'

/**
 * How far a stop reaches: a class, and of it one lane, one source of causes and one template. What is absent stands for any. A detector
 * always names all four; wider is only what a person asks for.
 */
export type Scope = {
  class: string
  lane?: Lane
  /** Source of the matched cause; '' for messages that have none. */
  source?: string
  /** Name of the template; '' for messages that name none, whatever look of theirs was learnt. */
  template?: string
}

/** Where one message stands. */
export type Place = Required<Scope>

export const covers = (scope: Scope, place: Place): boolean =>
  scope.class === place.class &&
  (scope.lane === undefined || scope.lane === place.lane) &&
  (scope.source === undefined || scope.source === place.source) &&
  (scope.template === undefined || scope.template === place.template)

/**
 * The template of a place: the one that the message names. A look that was learnt is none, for a stop of what names no template must hold on
 * while the look of a wrongful send becomes known.
 */
export const templateIn = ({ template }: { template?: { name: string; learnt?: true } }): string =>
  template === undefined || template.learnt ? '' : template.name

/** With what the names of learnt looks begin, and no other's. */
export const learntPrefix = 'learnt:'

export const isSameScope = (a: Scope, b: Scope): boolean =>
  a.class === b.class && a.lane === b.lane && a.source === b.source && a.template === b.template

/** The scope alone out of something that has more. */
export function scopeOf({ class: className, lane, source, template }: Scope): Scope {
  const scope: Scope = { class: className }
  if (lane !== undefined) scope.lane = lane
  if (source !== undefined) scope.source = source
  if (template !== undefined) scope.template = template
  return scope
}
