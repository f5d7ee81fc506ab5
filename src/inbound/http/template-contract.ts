import Type, { type Static } from 'typebox'
import { contentFindings, localeLengthMax, reasonTextLengthMax } from './contract.ts'

// Templates as data, beside `contract.ts` and under its rules. What a template may say in detail is read by `src/templates/parse.ts`, which names
// every fault; here stands what the document shows.

export const templateBodyBytesMax = 600 * 1024
export const templateNameLengthMax = 128

const closed = { additionalProperties: false } as const
const instant = (description: string) => Type.String({ format: 'date-time', description })
const hash = Type.String({
  pattern: '^[A-Za-z0-9_-]{43}$',
  description: 'SHA-256, base64url, over the canonical source and the version of the compiler',
})

export const sampleNames = [
  'usual',
  'least',
  'emoji',
  'right-to-left',
  'apostrophe',
  'heart',
  'long',
  'markup',
  'link',
  'liquid',
] as const

const slot = Type.Object({
  type: Type.Enum(['text', 'name', 'device', 'place', 'code', 'url', 'address', 'time', 'number']),
  control: Type.Enum(['trusted', 'user'], {
    description: 'Who decides what is in it: the application, or anybody who fills in a form or sends a header',
  }),
  required: Type.Optional(Type.Boolean()),
  charsMax: Type.Optional(Type.Integer({ minimum: 1, description: 'Code points' })),
  characters: Type.Optional(Type.Enum(['printable', 'ascii', 'digits', 'code', 'token'])),
  instead: Type.Optional(
    Type.String({ description: 'Stands in the place of a user’s value that does not fit or is not inert' }),
  ),
  samples: Type.Optional(Type.Array(Type.String())),
})

/** Checked by `parseTemplate`, which names every fault at once; this is for the document. */
export const TemplateBody = Type.Object(
  {
    name: Type.Optional(Type.String({ description: 'As in the path' })),
    class: Type.String({ description: 'The class of its messages' }),
    description: Type.Optional(Type.String()),
    defaultLocale: Type.Optional(Type.String({ description: '`en` where it is there, else the first' })),
    slots: Type.Optional(Type.Record(Type.String(), slot)),
    locales: Type.Record(
      Type.String({ description: 'BCP 47' }),
      Type.Object({
        subject: Type.String({ description: 'Liquid' }),
        preheader: Type.Optional(Type.String({ description: 'Liquid' })),
        mjml: Type.String({ description: 'MJML 5 with Liquid' }),
        text: Type.String({ description: 'Liquid' }),
      }),
    ),
  },
  { title: 'Template' },
)

export const LintFindingView = Type.Object({
  rule: Type.String(),
  severity: Type.Enum(['error', 'warning']),
  locale: Type.String(),
  part: Type.String(),
  quote: Type.Optional(Type.String()),
  reason: Type.String(),
  better: Type.String(),
})

const versionFields = {
  version: Type.String(),
  hash,
  state: Type.Enum(['draft', 'in-review', 'approved', 'retired']),
  author: Type.String({ description: 'Who drafted it last' }),
  shapedBy: Type.Array(Type.String(), { description: 'None of them may approve it' }),
  at: instant('When it was drafted or learnt'),
  submittedBy: Type.Optional(Type.String()),
  submittedAt: Type.Optional(instant('When it went to review')),
  approvedBy: Type.Optional(Type.String()),
  approvedAt: Type.Optional(instant('When it was approved')),
  retiredBy: Type.Optional(Type.String()),
  retiredAt: Type.Optional(instant('When it was retired')),
  despite: Type.Optional(
    Type.Array(Type.Object({ by: Type.String(), reason: Type.String() }), {
      description: 'Why it is right although an error was found',
    }),
  ),
  returned: Type.Optional(Type.Object({ by: Type.String(), reason: Type.String(), at: instant('When') })),
  messages: Type.Optional(Type.Integer({ description: 'Of a learnt one: how many messages have shown it' })),
  examples: Type.Optional(Type.Array(Type.String())),
}
export const VersionView = Type.Object(versionFields)
export type VersionView = Static<typeof VersionView>

const templateFields = {
  name: Type.String(),
  kind: Type.Enum(['composed', 'learnt']),
  class: Type.Optional(Type.String()),
  application: Type.Optional(Type.String()),
}
export const TemplateView = Type.Object(
  { ...templateFields, versions: Type.Array(VersionView, { description: 'From the oldest to the newest' }) },
  { title: 'TemplateView' },
)
export type TemplateView = Static<typeof TemplateView>
export const TemplateList = Type.Object({ items: Type.Array(TemplateView) })

const LookChanges = Type.Array(
  Type.Object({
    part: Type.String(),
    kind: Type.String(),
    was: Type.Optional(Type.String()),
    now: Type.Optional(Type.String()),
    text: Type.String({ description: 'A sentence; what fewer than five people got is shown as …' }),
  }),
)
const LookView = Type.Object(
  {
    shown: Type.Record(Type.String(), Type.String(), {
      description: 'Each part with its fixed words, values as ‹kind›',
    }),
    mails: Type.Integer({ description: 'From how many it was learnt' }),
    comparedTo: Type.Optional(Type.String({ description: 'The version that `changes` speaks of' })),
    changes: LookChanges,
    unlearnt: Type.Array(
      Type.Object({ look: Type.String(), mails: Type.Integer(), seenAt: instant('When last'), changes: LookChanges }),
      { description: 'Looks close to this one that mails have had since, the newest first' },
    ),
  },
  { title: 'LearntLook' },
)

export const VersionDetailView = Type.Object(
  {
    template: Type.Object(templateFields),
    ...versionFields,
    source: Type.Optional(Type.Unknown({ description: 'The template as it was read' })),
    findings: Type.Array(LintFindingView),
    look: Type.Optional(LookView),
  },
  { title: 'TemplateVersion' },
)
export type VersionDetailView = Static<typeof VersionDetailView>

const pinned = { hash: Type.Optional(hash) }
const despite = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: reasonTextLengthMax,
    description: 'Why it is right although an error was found; journalled',
  }),
)
export const SubmitBody = Type.Object({ ...pinned, despite }, { ...closed, title: 'SubmitTemplate' })
export const ApproveTemplateBody = Type.Object({ hash, despite }, { ...closed, title: 'ApproveTemplate' })
export const ReturnBody = Type.Object(
  { ...pinned, reason: Type.String({ minLength: 1, maxLength: reasonTextLengthMax }) },
  { ...closed, title: 'ReturnTemplate' },
)
export const RetireBody = Type.Object(pinned, { ...closed, title: 'RetireTemplate' })

const name = Type.String({ minLength: 1, maxLength: templateNameLengthMax })
const version = Type.String({ minLength: 1, maxLength: 64 })
export const TemplateParams = Type.Object({ name })
export const VersionParams = Type.Object({ name, version })
export const TemplateHeaders = Type.Object({
  'if-match': Type.Optional(
    Type.String({ maxLength: 128, description: 'The ETag of the newest version that you have read' }),
  ),
})

export const PreviewQuery = Type.Object(
  {
    locale: Type.Optional(Type.String({ minLength: 2, maxLength: localeLengthMax })),
    sample: Type.Optional(
      Type.Enum([...sampleNames], { description: 'Which values; hostile ones are put where users decide' }),
    ),
    part: Type.Optional(Type.Enum(['html', 'text'], { description: 'Only this part, as it is' })),
  },
  closed,
)
export type PreviewQuery = Static<typeof PreviewQuery>
export const PreviewView = Type.Object(
  {
    locale: Type.String(),
    locales: Type.Array(Type.String()),
    sample: Type.Enum([...sampleNames]),
    samples: Type.Array(Type.String()),
    hash,
    subject: Type.String(),
    text: Type.String(),
    html: Type.String(),
    values: Type.Record(Type.String(), Type.String()),
    holds: Type.Array(Type.Object({ slot: Type.String(), code: Type.Enum([...contentFindings]), why: Type.String() }), {
      description: 'Why a message with these values would be held; empty when it would not',
    }),
    invalid: Type.Array(Type.String(), { description: 'Slots whose value does not fit: the message would be held' }),
    replaced: Type.Array(Type.String(), { description: 'Slots that show what stands instead' }),
  },
  { title: 'Preview' },
)

export const DiffQuery = Type.Object({ from: version, to: version }, closed)
export type DiffQuery = Static<typeof DiffQuery>
export const DiffView = Type.Object(
  {
    changes: Type.Array(
      Type.Object({
        part: Type.String({ description: 'class, slot, locale, subject, text, html, link, or look' }),
        where: Type.String(),
        before: Type.Optional(Type.String()),
        after: Type.Optional(Type.String()),
      }),
    ),
  },
  { title: 'Diff' },
)
