import Type, { type Static } from 'typebox'
import {
  accountLengthMax,
  addressLengthMax,
  causeIdLengthMax,
  classLengthMax,
  contentBytesMax,
  localeLengthMax,
  reasonTextLengthMax,
  Slots,
  subjectLengthMax,
  templateLengthMax,
} from './contract.ts'
import { sha256Pattern } from './faults.ts'

// Campaigns and corrections as data, beside `contract.ts` and under its rules.

export const titleLengthMax = 200
export const questionLengthMax = 500
export const answerLengthMax = 200
export const answersMax = 10
export const inlineAudienceMax = 10_000
export const audienceMax = 10_000_000
export const audienceLineBytesMax = 4096
export const audienceBytesMax = 4 * 1024 * 1024 * 1024
export const campaignBodyBytesMax = 8 * 1024 * 1024
export const stagesMax = 10
export const correctionIdsMax = 100_000
export const stagePauseMsMax = 7 * 24 * 3_600_000

const closed = { additionalProperties: false } as const
const instant = (description: string) => Type.String({ format: 'date-time', maxLength: 40, description })
const hash = (description: string) => Type.String({ pattern: sha256Pattern, description })
const count = Type.Integer({ minimum: 0 })
const share = Type.Number({ minimum: 0, maximum: 1 })

/** A line of an audience. */
export const AudienceMember = Type.Object(
  {
    account: Type.Optional(Type.String({ minLength: 1, maxLength: accountLengthMax })),
    recipient: Type.Object({ email: Type.String({ minLength: 1, maxLength: addressLengthMax }) }, closed),
    slots: Type.Optional(Slots),
    locale: Type.Optional(Type.String({ minLength: 2, maxLength: localeLengthMax, description: 'BCP 47' })),
  },
  { ...closed, title: 'AudienceMember', description: '`slots` and `locale` are for a template' },
)
export type AudienceMember = Static<typeof AudienceMember>

const contentFields = {
  from: Type.Optional(Type.String({ minLength: 1, maxLength: addressLengthMax })),
  subject: Type.Optional(Type.String({ minLength: 1, maxLength: subjectLengthMax })),
  text: Type.Optional(Type.String({ maxLength: contentBytesMax })),
  html: Type.Optional(Type.String({ maxLength: contentBytesMax })),
  template: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: templateLengthMax,
      description: '`name` or `name@version`; the version that is approved when the campaign is drafted is pinned',
    }),
  ),
  slots: Type.Optional(Slots),
}

const threshold = Type.Object(
  {
    min: Type.Integer({ minimum: 1, description: 'At least as many' }),
    rate: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'and at least this share of what was delivered in the stage',
    }),
  },
  closed,
)

const planFields = {
  title: Type.String({ minLength: 1, maxLength: titleLengthMax }),
  content: Type.Object(contentFields, closed),
  question: Type.Object(
    {
      text: Type.String({ minLength: 1, maxLength: questionLengthMax }),
      accepted: Type.Array(Type.String({ minLength: 1, maxLength: answerLengthMax }), {
        minItems: 1,
        maxItems: answersMax,
        description: 'What the approver may answer; letter case and spaces do not matter',
      }),
    },
    { ...closed, description: 'About the content: nobody approves what they have not read' },
  ),
  stages: Type.Optional(
    Type.Array(
      Type.Object(
        {
          messages: Type.Optional(
            Type.Integer({ minimum: 1, description: 'So many recipients, counted from the first one on' }),
          ),
          share: Type.Optional(
            Type.Number({
              exclusiveMinimum: 0,
              maximum: 1,
              description: 'or this share of all, counted from the first one on',
            }),
          ),
          pauseMs: Type.Optional(
            Type.Integer({ minimum: 0, maximum: stagePauseMsMax, description: 'Before the next' }),
          ),
        },
        closed,
      ),
      {
        minItems: 1,
        maxItems: stagesMax,
        description:
          'Each counts from the first recipient on, and so is larger than the one before: 10, 20 and all are ten, ten more, and the rest. The last one has `share: 1`',
      },
    ),
  ),
  halts: Type.Optional(
    Type.Object(
      {
        reports: Type.Optional(threshold),
        bounces: Type.Optional(threshold),
        complaints: Type.Optional(threshold),
        completion: Type.Optional(
          Type.Object(
            { expected: share, min: Type.Integer({ minimum: 1 }) },
            {
              ...closed,
              description: 'At the end of a stage, when far fewer than expected have followed or completed',
            },
          ),
        ),
      },
      closed,
    ),
  ),
  expected: Type.Optional(
    Type.Object(
      {
        count: Type.Integer({ minimum: 0, maximum: audienceMax, description: 'How many people the query found' }),
        tolerance: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: audienceMax,
            description: 'By so many the audience may differ; 0 when absent',
          }),
        ),
      },
      { ...closed, description: 'Another audience is neither approved nor started' },
    ),
  ),
  expiresAt: instant('What has not left by then never does'),
}

export const CampaignBody = Type.Object(
  {
    class: Type.String({ minLength: 1, maxLength: classLengthMax }),
    ...planFields,
    audience: Type.Optional(Type.Array(AudienceMember, { maxItems: inlineAudienceMax })),
  },
  { ...closed, title: 'CampaignBody' },
)
export type CampaignBody = Static<typeof CampaignBody>

export const ApproveBody = Type.Object(
  {
    contentHash: hash('Of the content that was read'),
    audienceHash: hash('Of the audience that was looked at'),
    answer: Type.String({ minLength: 1, maxLength: answerLengthMax }),
  },
  { ...closed, title: 'Approve' },
)
export type ApproveBody = Static<typeof ApproveBody>

export const CampaignPauseBody = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: reasonTextLengthMax }) },
  { ...closed, title: 'CampaignPause' },
)
export const CampaignPaused = Type.Object({
  handedOver: Type.Integer({ minimum: 0, description: 'With the world when the pause held; no more follow' }),
})
export const Resumed = Type.Object({
  status: Type.Enum(['running', 'halted']),
  awaitsSecondPerson: Type.Boolean({ description: 'What halted by itself goes on when two people have said so' }),
})

const statuses = ['draft', 'sealed', 'approved', 'running', 'paused', 'halted', 'ended'] as const

const findings = Type.Object({
  what: Type.Enum(['reports', 'bounces', 'complaints', 'completion']),
  stage: count,
  count,
  of: count,
  min: count,
  rate: Type.Number(),
})

export const CampaignView = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    kind: Type.Enum(['campaign', 'correction']),
    class: Type.String(),
    title: Type.String(),
    status: Type.Enum([...statuses]),
    question: Type.String(),
    shapedBy: Type.Array(Type.String()),
    approvedBy: Type.Optional(Type.String()),
    contentHash: hash('SHA-256 over the canonical content'),
    audienceHash: Type.Optional(hash('SHA-256 over the keyed hashes of all recipients in order')),
    recipients: count,
    expected: Type.Optional(Type.Object({ count, tolerance: count })),
    asked: Type.Integer({ minimum: 0, description: 'Recipients whose turn has come' }),
    inFlight: count,
    stage: count,
    stages: Type.Array(Type.Object({ upTo: count, pauseMs: count, counts: Type.Record(Type.String(), count) })),
    counts: Type.Record(Type.String(), count),
    nextStageAt: Type.Optional(instant('When the next stage opens')),
    eta: Type.Optional(Type.Object({ from: instant('At the earliest'), to: instant('At the latest') })),
    paused: Type.Optional(Type.Object({ by: Type.String(), reason: Type.String(), at: instant('Since') })),
    halted: Type.Optional(
      Type.Object({ finding: findings, at: instant('Since'), agreed: Type.Optional(Type.String()) }),
    ),
    ended: Type.Optional(
      Type.Object({ how: Type.Enum(['completed', 'cancelled', 'expired']), by: Type.String(), at: instant('When') }),
    ),
    draftedAt: instant('When it was first drafted'),
    expiresAt: instant('Its end'),
  },
  { title: 'Campaign' },
)
export type CampaignView = Static<typeof CampaignView>
export const CampaignList = Type.Object({ items: Type.Array(CampaignView) })

const uploadFields = {
  accepted: count,
  duplicates: count,
  duplicateLines: Type.Array(Type.Integer(), { description: 'Lines whose mailbox another line has; the first 1,000' }),
  refused: count,
  refusedLines: Type.Array(Type.Object({ line: Type.Integer(), code: Type.String() })),
  testAddresses: Type.Integer({
    minimum: 0,
    description: 'Reserved domains, and those allow-listed for test material',
  }),
  testLines: Type.Array(Type.Integer()),
}
export const AudienceAnswer = Type.Object(
  { ...uploadFields, audienceHash: hash('Of all recipients') },
  { title: 'Audience' },
)
export type AudienceAnswer = Static<typeof AudienceAnswer>

const SampleRecipient = Type.Object({ email: Type.String(), account: Type.Optional(Type.String()) })

export const DryRunView = Type.Object(
  {
    ...uploadFields,
    recipients: count,
    erased: count,
    capped: Type.Integer({
      minimum: 0,
      description: 'Would be suppressed by the cap of their mailbox if it started now',
    }),
    suppressed: Type.Integer({
      minimum: 0,
      description: 'Would be passed over: mail to them bounced for good, or they complained, within 90 days',
    }),
    stages: Type.Array(Type.Object({ upTo: count, pauseMs: count })),
    content: Type.Object({
      from: Type.Optional(Type.String()),
      subject: Type.Optional(Type.String()),
      text: Type.Optional(Type.String()),
      html: Type.Optional(Type.String()),
      template: Type.Optional(
        Type.String({ description: 'The version that was pinned; texts are those of the first sample' }),
      ),
    }),
    contentHash: hash('To approve'),
    audienceHash: Type.Optional(hash('To approve')),
    question: Type.String(),
    samples: Type.Array(SampleRecipient),
  },
  { title: 'DryRun' },
)
export type DryRunView = Static<typeof DryRunView>

/** By id, or by where they stood and when they were decided. */
const MessageSet = Type.Object(
  {
    ids: Type.Optional(
      Type.Array(Type.String({ format: 'uuid', maxLength: 36 }), { minItems: 1, maxItems: correctionIdsMax }),
    ),
    query: Type.Optional(
      Type.Object(
        {
          class: Type.String({ minLength: 1, maxLength: classLengthMax }),
          from: instant('Decided at or after'),
          to: instant('Decided before'),
          lane: Type.Optional(Type.Enum(['reserved', 'open', 'system', 'campaign'])),
          alarm: Type.Optional(
            Type.Integer({
              minimum: 1,
              description: 'Takes lane, source and template from the breaker that this alarm opened',
            }),
          ),
          stop: Type.Optional(
            Type.Boolean({ description: 'Takes lane, source and template from the stop of the class' }),
          ),
          source: Type.Optional(Type.String({ maxLength: causeIdLengthMax })),
          template: Type.Optional(Type.String({ maxLength: templateLengthMax })),
        },
        closed,
      ),
    ),
  },
  { ...closed, minProperties: 1, maxProperties: 1 },
)

export const CorrectionBody = Type.Object(
  {
    messages: MessageSet,
    text: Type.String({ minLength: 1, maxLength: 64, description: 'Name of an approved text of the configuration' }),
    to: Type.Optional(
      Type.Enum(['delivered', 'unknown'], { description: '`unknown`: those of whom nobody knows whether they got it' }),
    ),
    mark: Type.Optional(
      Type.Enum(['sent-in-error', 'asked-by-someone-else', 'none'], {
        description: 'What whoever verifies one of these mails is told from now on; `sent-in-error` when absent',
      }),
    ),
    discard: Type.Optional(
      Type.Boolean({
        description:
          'Refused when true: `POST /v1/holds/discard` discards what is held, when a second person approves it',
      }),
    ),
  },
  { ...closed, title: 'CorrectionBody' },
)
export type CorrectionBody = Static<typeof CorrectionBody>

export const CorrectionView = Type.Object(
  {
    ...CampaignView.properties,
    channels: Type.Array(Type.String()),
    messages: Type.Object({ total: count, byState: Type.Record(Type.String(), count) }),
    unknown: Type.Object({ count, ids: Type.Array(Type.String()) }),
    erased: count,
    alreadyCorrected: count,
    samples: Type.Array(SampleRecipient),
  },
  { title: 'Correction' },
)
export type CorrectionView = Static<typeof CorrectionView>

export const CampaignParams = Type.Object({ id: Type.String({ format: 'uuid', maxLength: 36 }) })
export const AudienceQuery = Type.Object(
  {
    append: Type.Optional(
      Type.Enum(['true', 'false'], { description: 'Add to the audience in place of replacing it' }),
    ),
  },
  closed,
)

export const MarkBody = Type.Object(
  {
    messages: MessageSet,
    mark: Type.Enum(['sent-in-error', 'asked-by-someone-else', 'none'], {
      description: 'What whoever verifies one of these mails is told; `none` takes it back',
    }),
    reason: Type.String({ minLength: 1, maxLength: reasonTextLengthMax }),
  },
  { ...closed, title: 'MarkBody' },
)
export type MarkBody = Static<typeof MarkBody>

export const Marked = Type.Object({ marked: Type.Integer({ minimum: 0 }) }, { title: 'Marked' })
