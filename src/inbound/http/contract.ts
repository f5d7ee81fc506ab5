import Type, { type Static } from 'typebox'

// The HTTP interface as data: what is checked at the edge, what `/openapi.json` says and what the web clients are typed by. It imports nothing
// of ours, so that a client can; a test compares the vocabularies below with those of the core.

export const lanes = ['reserved', 'open', 'system', 'campaign'] as const
export const modes = ['observe', 'warn', 'enforce'] as const
export const requirements = ['required', 'expected', 'auto', 'never'] as const
export const outcomes = ['deliver', 'confirm', 'hold', 'suppress', 'reject', 'expire'] as const
export const contentFindings = [
  'content.unreadable',
  'content.recipients',
  'content.other-address',
  'content.link',
  'content.slot-active',
  'content.slot-invalid',
  'content.test-material',
  'content.not-as-approved',
] as const
export const channels = ['email'] as const
export const confirmers = ['session', 'second-factor', 'passkey'] as const
export const alarmLevels = ['soft', 'hard', 'notice'] as const

/** Where a message stands. `waiting`: for its cause or a confirmation; `unknown`: handed over, and the upstream did not say how it ended. */
export const states = [
  'queued',
  'waiting',
  'held',
  'delivered',
  'undeliverable',
  'expired',
  'suppressed',
  'rejected',
  'discarded',
  'unknown',
] as const
export type State = (typeof states)[number]

export const messageBodyBytesMax = 2 * 1024 * 1024
export const contentBytesMax = 512 * 1024
export const subjectLengthMax = 998
export const addressLengthMax = 1024
export const accountLengthMax = 256
export const classLengthMax = 64
export const templateLengthMax = 128
export const linkHostsMax = 1000
export const localeLengthMax = 35
export const causeIdLengthMax = 256
export const environmentLengthMax = 64
export const idempotencyKeyLengthMax = 255
export const slotsMax = 64
export const slotNameLengthMax = 64
export const slotBytesMax = 4 * 1024
export const batchLinesMax = 10_000
export const batchLineBytesMax = messageBodyBytesMax
export const batchBytesMax = 256 * 1024 * 1024
export const eventsMax = 10_000
export const eventsBytesMax = 16 * 1024 * 1024
export const smallBodyBytesMax = 64 * 1024
export const bodyDepthMax = 16
export const faultsMax = 500
export const pageMax = 200
export const reasonTextLengthMax = 1000
export const personLengthMax = 128
export const classKindsMax = 32

const closed = { additionalProperties: false } as const
const instant = (description: string) => Type.String({ format: 'date-time', maxLength: 40, description })
const oneOf = <const T extends string[]>(values: readonly [...T], options: Type.TSchemaOptions = {}) =>
  Type.Enum(values, options)
const countsBy = (description: string) => Type.Record(Type.String(), Type.Integer({ minimum: 0 }), { description })

export const Fault = Type.Object({
  pointer: Type.String({ description: 'JSON Pointer (RFC 6901) to what is at fault' }),
  code: Type.String(),
  detail: Type.String(),
})
export type Fault = Static<typeof Fault>

/** RFC 9457. `code` is stable; `detail` is for people. */
export const StopView = Type.Object({
  lane: Type.Optional(oneOf(lanes)),
  source: Type.Optional(Type.String({ description: 'Source of the cause; empty for messages without one' })),
  template: Type.Optional(Type.String({ description: 'Empty for messages that name none' })),
  by: Type.String(),
  reason: Type.String(),
  since: instant('When the stop began'),
  until: Type.Optional(instant('When it ends by itself')),
  phase: Type.Optional(oneOf(['open', 'half-open'])),
  endsAt: Type.Optional(instant('When a breaker lets canaries through, or closes')),
  alarm: Type.Optional(Type.Integer({ description: 'The alarm that opened the breaker' })),
})
export type StopView = Static<typeof StopView>

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.Optional(Type.String()),
    faults: Type.Optional(Type.Array(Fault)),
    id: Type.Optional(Type.String({ description: 'the message that a conflict is with' })),
    stops: Type.Optional(Type.Array(StopView, { description: 'what of the class is stopped' })),
  },
  { title: 'Problem', description: 'RFC 9457 problem details' },
)
export type Problem = Static<typeof Problem>

const Reason = Type.Object({ code: Type.String(), detail: Type.String() })

/** Values of a template, by the names of its slots. */
export const Slots = Type.Record(
  Type.String({ pattern: `^[A-Za-z][A-Za-z0-9_.-]{0,${slotNameLengthMax - 1}}$` }),
  Type.String({ maxLength: slotBytesMax }),
  { maxProperties: slotsMax, additionalProperties: false },
)

const messageFields = {
  class: Type.String({ minLength: 1, maxLength: classLengthMax, description: 'The class whose policy applies' }),
  account: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: accountLengthMax,
      description: 'Your id of the account that the message is about',
    }),
  ),
  recipient: Type.Object(
    { email: Type.String({ minLength: 1, maxLength: addressLengthMax, description: 'Exactly one address' }) },
    closed,
  ),
  from: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: addressLengthMax,
      description: '`a@example.org` or `Name <a@example.org>`',
    }),
  ),
  template: Type.Optional(
    Type.String({ minLength: 1, maxLength: templateLengthMax, description: '`name` or `name@version`' }),
  ),
  slots: Type.Optional(Slots),
  locale: Type.Optional(
    Type.String({
      minLength: 2,
      maxLength: localeLengthMax,
      description:
        'Language of the recipient (BCP 47), for a template; the nearest that it has is taken, else its default',
    }),
  ),
  subject: Type.Optional(Type.String({ minLength: 1, maxLength: subjectLengthMax })),
  text: Type.Optional(Type.String({ maxLength: contentBytesMax })),
  html: Type.Optional(Type.String({ maxLength: contentBytesMax })),
  cause: Type.Optional(Type.Object({ id: Type.String({ minLength: 1, maxLength: causeIdLengthMax }) }, closed)),
  expiresAt: Type.Optional(instant('After this instant the secret in the message is worthless')),
  channels: Type.Optional(Type.Array(Type.String({ maxLength: 32 }), { minItems: 1, maxItems: 8 })),
  environment: Type.Optional(Type.String({ minLength: 1, maxLength: environmentLengthMax })),
}

export const MessageBody = Type.Object(messageFields, {
  ...closed,
  title: 'Message',
  examples: [
    {
      class: 'password-reset',
      account: 'account-17',
      recipient: { email: 'someone@example.org' },
      subject: 'Reset your password',
      text: 'Follow https://example.org/reset/abc to choose a new password.',
    },
  ],
})
export type MessageBody = Static<typeof MessageBody>

/** A line of a batch: the same, and its idempotency key, for which a single message has a header. */
export const MessageLine = Type.Object(
  {
    ...messageFields,
    idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: idempotencyKeyLengthMax })),
  },
  { ...closed, title: 'MessageLine' },
)
export type MessageLine = Static<typeof MessageLine>

const buildHeader = {
  'tocsin-build': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'The build of the sender, so that a fault of a new one is told from the others',
    }),
  ),
}
export const MessageHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ minLength: 1, maxLength: idempotencyKeyLengthMax, description: 'The same key gets the same answer' }),
  ),
  ...buildHeader,
})
export const BatchHeaders = Type.Object(buildHeader)

const decided = {
  id: Type.String({ format: 'uuid' }),
  outcome: oneOf(outcomes),
  reasons: Type.Array(Reason),
  lane: oneOf(lanes),
  code: Type.String({ description: 'The code that the mail carries as Tocsin-Code' }),
}
export const MessageDecision = Type.Object(decided, { title: 'Decision' })
export type MessageDecision = Static<typeof MessageDecision>

/** A line of the answer to a batch; `status` is what the line alone would have been answered with. */
export const BatchResult = Type.Union(
  [
    Type.Object({ index: Type.Integer(), status: Type.Enum([200, 202]), ...decided }),
    Type.Object({
      index: Type.Integer(),
      status: Type.Integer(),
      code: Type.String(),
      detail: Type.String(),
      faults: Type.Optional(Type.Array(Fault)),
    }),
  ],
  { title: 'BatchResult' },
)
export type BatchResult = Static<typeof BatchResult>

export const MessageRow = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    class: Type.String(),
    lane: oneOf(lanes),
    state: oneOf(states),
    first: oneOf(outcomes, { description: 'The first outcome' }),
    outcome: oneOf(outcomes, { description: 'The outcome as it is now' }),
    reasons: Type.Array(Reason),
    application: Type.String(),
    via: oneOf(['http', 'smtp', 'campaign', 'notice', 'probe']),
    template: Type.Optional(Type.String()),
    upstream: Type.Optional(Type.String()),
    attempts: Type.Integer(),
    erased: Type.Boolean(),
    at: instant('When it was decided'),
    updatedAt: instant('When it last changed'),
    expiresAt: Type.Optional(instant('When it is no longer worth delivering')),
  },
  { title: 'MessageRow' },
)
export type MessageRow = Static<typeof MessageRow>

export const TimelineStep = Type.Object({
  at: instant('When the batch of this step was decided'),
  type: Type.String(),
  position: Type.Integer({ description: 'Position of the batch in the journal of the partition' }),
  detail: Type.Record(Type.String(), Type.Unknown()),
})
export type TimelineStep = Static<typeof TimelineStep>

export const MessageDetail = Type.Object(
  {
    ...MessageRow.properties,
    partition: Type.Integer(),
    timeline: Type.Array(TimelineStep),
    timelineTruncated: Type.Boolean(),
    stale: Type.Boolean({ description: 'The view has not caught up with the journal in time: there may be news' }),
  },
  { title: 'MessageDetail' },
)
export type MessageDetail = Static<typeof MessageDetail>

export const MessageFindings = Type.Object(
  {
    findings: Type.Array(
      Type.Object({
        code: oneOf(contentFindings),
        where: oneOf(['subject', 'text', 'html', 'to', 'header', 'slot']),
        what: Type.String({
          description:
            'The host, address, name of a field or slot, or the words; an address is masked for applications',
        }),
        shown: Type.Optional(Type.String({ description: 'The host that the link shows in place of its own' })),
        why: Type.Optional(Type.String()),
      }),
      { maxItems: 20 },
    ),
  },
  { title: 'MessageFindings' },
)
export type MessageFindings = Static<typeof MessageFindings>

const page = {
  cursor: Type.Optional(Type.String({ maxLength: 200, description: '`next` of the page before' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: pageMax, default: 50 })),
}
export const MessageQuery = Type.Object(
  {
    account: Type.Optional(Type.String({ minLength: 1, maxLength: accountLengthMax })),
    class: Type.Optional(Type.String({ minLength: 1, maxLength: classLengthMax })),
    outcome: Type.Optional(oneOf(outcomes)),
    from: Type.Optional(instant('Decided at or after')),
    to: Type.Optional(instant('Decided before')),
    ...page,
  },
  closed,
)
export type MessageQuery = Static<typeof MessageQuery>

/** What is absent stands for any. */
const holdFields = {
  class: Type.Optional(Type.String({ minLength: 1, maxLength: classLengthMax })),
  lane: Type.Optional(oneOf(lanes)),
  source: Type.Optional(
    Type.String({ maxLength: causeIdLengthMax, description: 'Source of the cause; empty for messages without one' }),
  ),
  template: Type.Optional(
    Type.String({
      maxLength: templateLengthMax,
      description: 'Name without version; empty for messages that name none',
    }),
  ),
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'A code among its reasons' })),
  from: Type.Optional(instant('Decided at or after')),
  to: Type.Optional(instant('Decided before')),
}

export const HoldQuery = Type.Object({ ...holdFields, ...page }, closed)
export type HoldQuery = Static<typeof HoldQuery>

export const MessagePage = Type.Object(
  {
    items: Type.Array(MessageRow),
    next: Type.Optional(Type.String({ description: 'Cursor of the next page; absent on the last' })),
    stale: Type.Boolean(),
  },
  { title: 'MessagePage' },
)
export type MessagePage = Static<typeof MessagePage>

export const HoldRow = Type.Object(
  {
    ...MessageRow.properties,
    since: instant('Since when it waits'),
    source: Type.Optional(Type.String({ description: 'Source of its cause' })),
    priority: Type.Optional(Type.Integer({ description: 'How urgent it is; 0 leaves first' })),
  },
  { title: 'HoldRow' },
)
export type HoldRow = Static<typeof HoldRow>

export const HoldPage = Type.Object({ ...MessagePage.properties, items: Type.Array(HoldRow) }, { title: 'HoldPage' })
export type HoldPage = Static<typeof HoldPage>

/** Many held messages at once: proposed by one person, approved by another. */
export const ProposeBody = Type.Object(
  {
    query: Type.Object(holdFields, { ...closed, description: 'Which of the held messages; `{}` is all of them' }),
    reason: Type.String({ minLength: 1, maxLength: reasonTextLengthMax }),
  },
  { ...closed, title: 'Propose' },
)
export type ProposeBody = Static<typeof ProposeBody>

export const proposalStates = ['open', 'approved', 'completed', 'cancelled', 'lapsed'] as const

export const ProposalView = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    action: oneOf(['release', 'discard']),
    state: oneOf(proposalStates, {
      description:
        'open: waits for a second person; approved: is carried out; completed: nothing of the set is held any more',
    }),
    query: Type.Object(holdFields),
    reason: Type.String(),
    by: Type.String({ description: 'Who proposed it' }),
    at: instant('When it was proposed. What was held by then and fits the query is the set; nothing joins it later'),
    expiresAt: instant('Until then it may be approved; once approved, until then it is carried out'),
    count: Type.Integer({ minimum: 1, description: 'Messages in the set' }),
    digest: Type.String({
      description: 'SHA-256 over the ids in the order in which they go, a line feed behind each; hex',
    }),
    sample: Type.Array(
      Type.Object({
        id: Type.String({ format: 'uuid' }),
        class: Type.Optional(Type.String()),
        lane: Type.Optional(oneOf(lanes)),
        reasons: Type.Optional(Type.Array(Reason)),
        at: Type.Optional(instant('When it was decided')),
        expiresAt: Type.Optional(instant('When it is no longer worth delivering')),
      }),
      { description: 'Some of the set, from its first to its last; one that is no longer held shows its id only' },
    ),
    approvedBy: Type.Optional(Type.String()),
    approvedAt: Type.Optional(instant('When it was approved')),
    endedBy: Type.Optional(Type.String()),
    endedAt: Type.Optional(instant('When it ended')),
    progress: Type.Object({
      done: Type.Integer({ minimum: 0 }),
      total: Type.Integer({ minimum: 1 }),
      refused: countsBy('Messages of the set that are not held any more for another reason'),
      waiting: countsBy('Messages that stay held for now, by what holds them: a budget or a stop'),
    }),
  },
  { title: 'Proposal' },
)
export type ProposalView = Static<typeof ProposalView>
export const ProposalList = Type.Object({ items: Type.Array(ProposalView) })

export const AlarmQuery = Type.Object(
  {
    class: Type.Optional(Type.String({ minLength: 1, maxLength: classLengthMax })),
    level: Type.Optional(oneOf(alarmLevels)),
    ...page,
  },
  closed,
)
export type AlarmQuery = Static<typeof AlarmQuery>

export const AlarmRow = Type.Object(
  {
    id: Type.Integer({ description: 'In order of being raised, in its partition' }),
    partition: Type.Integer(),
    at: instant('When it was raised'),
    level: oneOf(alarmLevels, {
      description: 'soft: messages wait some seconds; hard: a breaker opened; notice: people are told, nothing is held',
    }),
    detector: Type.String(),
    detail: Type.String({ description: 'The same for people' }),
    class: Type.String(),
    lane: oneOf(lanes),
    source: Type.String({ description: 'Source of the cause; empty for messages without one' }),
    template: Type.String({ description: 'Empty for messages that name none' }),
    numbers: Type.Record(Type.String(), Type.Number(), { description: 'What it rests on' }),
    messages: Type.Array(Type.String({ format: 'uuid' }), { description: 'Some of the messages that it rests on' }),
    change: Type.Optional(
      Type.Object(
        {
          domain: Type.String(),
          name: Type.String(),
          type: Type.String(),
          before: Type.Array(Type.String()),
          after: Type.Array(Type.String()),
        },
        { description: 'The DNS records that have changed, for domain-changed' },
      ),
    ),
    breaker: Type.Optional(
      Type.Object({
        phase: oneOf(['open', 'half-open', 'closed']),
        holds: Type.Boolean({ description: 'Whether it stops messages: all of them, or all but a few canaries' }),
        trips: Type.Integer({ description: 'How often it had opened without having closed between' }),
        endsAt: Type.Optional(instant('When it lets canaries through, or closes')),
      }),
    ),
    clearedAt: Type.Optional(instant('When what it told of had been good again for a while')),
  },
  { title: 'Alarm' },
)
export type AlarmRow = Static<typeof AlarmRow>

export const AlarmPage = Type.Object(
  {
    items: Type.Array(AlarmRow),
    next: Type.Optional(Type.String({ description: 'Cursor of the next page; absent on the last' })),
    stale: Type.Boolean(),
  },
  { title: 'AlarmPage' },
)
export type AlarmPage = Static<typeof AlarmPage>

const severities = ['error', 'warning', 'cannot-tell', 'notice', 'ok'] as const
const counts = Type.Object(
  {
    error: Type.Integer(),
    warning: Type.Integer(),
    'cannot-tell': Type.Integer(),
    notice: Type.Integer(),
    ok: Type.Integer(),
  },
  { description: 'Findings by severity' },
)
const dnsName = Type.String({ minLength: 1, maxLength: 253 })

export const DomainParams = Type.Object({ domain: dnsName }, closed)
export type DomainParams = Static<typeof DomainParams>

export const DomainList = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        domain: Type.String(),
        at: Type.Optional(instant('When it was audited last; absent before the first time')),
        counts: Type.Optional(counts),
      }),
    ),
  },
  { title: 'DomainList' },
)
export type DomainList = Static<typeof DomainList>

export const DomainReport = Type.Object(
  {
    domain: Type.String(),
    at: instant('When it was audited'),
    findings: Type.Array(
      Type.Object({
        code: Type.String(),
        severity: oneOf(severities),
        section: Type.String({ description: 'Of the standard behind it' }),
        name: Type.String({ description: 'What it is about' }),
        detail: Type.String({ description: 'The same for people' }),
        found: Type.Optional(Type.String({ description: 'What was there, made printable' })),
        publish: Type.Optional(
          Type.Array(Type.Object({ name: Type.String(), type: Type.String(), value: Type.String() }), {
            description: 'Records to publish instead',
          }),
        ),
      }),
    ),
    counts,
    records: Type.Array(
      Type.Object({
        name: Type.String(),
        type: Type.String(),
        values: Type.Array(Type.String()),
        since: Type.Optional(instant('When an audit first found these values')),
      }),
      { description: 'What is watched for changes; without those that could not be asked' },
    ),
    questions: Type.Integer({ description: 'How many questions were put to DNS' }),
  },
  { title: 'DomainReport' },
)
export type DomainReport = Static<typeof DomainReport>

export const Confirmation = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    class: Type.String(),
    at: instant('When it was asked for'),
    why: Type.String({ description: 'Why the holder is asked, in plain words' }),
    from: Type.String({ description: 'From where, as coarsely as it is kept' }),
    expiresAt: instant('When it is no longer worth confirming'),
  },
  { title: 'Confirmation' },
)
export type Confirmation = Static<typeof Confirmation>
export const ConfirmationList = Type.Object(
  { items: Type.Array(Confirmation), stale: Type.Boolean() },
  { title: 'ConfirmationList' },
)
export const ConfirmBody = Type.Object(
  { by: oneOf(confirmers, { description: 'How you know that it was the holder of the account' }) },
  { ...closed, title: 'Confirm' },
)
export type ConfirmBody = Static<typeof ConfirmBody>

export const EventsAnswer = Type.Object(
  {
    accepted: Type.Integer({ minimum: 0 }),
    rejected: Type.Array(
      Type.Object({
        index: Type.Integer({ minimum: 0 }),
        code: Type.String(),
        detail: Type.String({ description: 'What to send' }),
        pointer: Type.Optional(Type.String({ description: 'JSON Pointer into the event' })),
      }),
    ),
  },
  { title: 'EventsAnswer' },
)
export type EventsAnswer = Static<typeof EventsAnswer>

const perHour = Type.Integer({ minimum: 0, maximum: 1_000_000_000 })
const durationMs = Type.Integer({ minimum: 0, maximum: 365 * 24 * 3_600_000 })
const byLane = <T extends Type.TSchema>(schema: T) => ({
  reserved: schema,
  open: schema,
  system: schema,
  campaign: schema,
})
const kindNames = oneOf([
  'reset.requested',
  'login.succeeded',
  'login.failed',
  'credential.changed',
  'protection.ordered',
  'session.started',
  'session.revoked',
])
const causeFields = {
  kinds: Type.Array(kindNames, { maxItems: classKindsMax }),
  changes: Type.Optional(
    Type.Array(oneOf(['password', 'totp', 'passkey', 'email', 'phone', 'recovery']), {
      maxItems: 6,
      description: 'Of a `credential.changed`, what it may have changed; all when absent',
    }),
  ),
  requirement: oneOf(requirements),
  freshForMs: durationMs,
  whenMissing: oneOf(['hold', 'reject']),
}
const policyFields = {
  mode: oneOf(modes),
  lane: oneOf(['by-requester', 'system', 'campaign']),
  priority: Type.Enum([0, 1, 2]),
  content: oneOf(['inline', 'approved-only']),
  links: Type.Object(
    {
      hosts: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), {
        maxItems: linkHostsMax,
        description:
          'Hosts that links may lead to besides the sender’s own domain; `*.` before one stands for all below it',
      }),
    },
    closed,
  ),
  addresses: Type.Enum(['own', 'any'], {
    description: 'Whose addresses the content may name: those of recipient and sender only, or anybody’s',
  }),
  recipients: Type.Enum(['verified', 'named'], {
    description:
      'To which addresses that causes named for an account its messages may go: those that its holder has verified, or all',
  }),
  whenStopped: oneOf(['confirm', 'hold']),
  lifetimeMs: durationMs,
  deliveryMs: durationMs,
}

export const ClassPolicyView = Type.Object({
  ...policyFields,
  causes: Type.Object(causeFields),
  budgetPerHour: Type.Object(byLane(perHour)),
})
export type ClassPolicyView = Static<typeof ClassPolicyView>

/** A partial policy: what it does not name stays as it is. */
export const ClassPatch = Type.Object(
  {
    ...Type.Partial(Type.Object(policyFields)).properties,
    causes: Type.Optional(Type.Partial(Type.Object(causeFields), closed)),
    budgetPerHour: Type.Optional(Type.Partial(Type.Object(byLane(perHour)), closed)),
  },
  { ...closed, title: 'ClassPatch', minProperties: 1 },
)
export type ClassPatch = Static<typeof ClassPatch>

const budgetView = Type.Object({
  perHour: Type.Integer({ description: 'Messages that this clock hour may have: the budget in force' }),
  used: Type.Integer({ description: 'Messages charged in it so far' }),
  floor: Type.Integer({ description: 'What the policy allows before there is any history' }),
  forecast: Type.Integer({ description: 'Messages that are expected of it; 0 without history' }),
})

export const ClassView = Type.Object(
  {
    name: Type.String(),
    policy: ClassPolicyView,
    requirements: Type.Record(Type.String(), oneOf(['required', 'expected', 'never']), {
      description: 'Whether a message must have its cause now, by application; overrides and `auto` resolved',
    }),
    caps: Type.Object(byLane(Type.Object({ perHour: Type.Integer(), perDay: Type.Integer() }))),
    budgets: Type.Object(byLane(budgetView)),
    stops: Type.Array(StopView),
    counts: Type.Object({
      lastHour: countsBy('By first outcome, and what became of messages, in this and the last clock hour'),
      lastDay: countsBy('The same for 24 clock hours'),
      held: Type.Integer({ minimum: 0 }),
    }),
    stale: Type.Boolean(),
  },
  { title: 'Class' },
)
export type ClassView = Static<typeof ClassView>
export const ClassList = Type.Object({ items: Type.Array(ClassView) })

const { lane, source, template } = holdFields
const scopeFields = { lane, source, template }

export const PauseBody = Type.Object(
  {
    reason: Type.String({ minLength: 1, maxLength: reasonTextLengthMax }),
    ...scopeFields,
    until: Type.Optional(instant('The stop ends by itself then')),
  },
  { ...closed, title: 'Pause' },
)
export type PauseBody = Static<typeof PauseBody>
export const ResumeBody = Type.Object(scopeFields, { ...closed, title: 'Resume' })
export type ResumeBody = Static<typeof ResumeBody>
export const DiscardBody = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: reasonTextLengthMax }) },
  { ...closed, title: 'Discard' },
)
export type DiscardBody = Static<typeof DiscardBody>

export const Paused = Type.Object({
  handedOver: Type.Integer({ minimum: 0, description: 'Handed over between the request and the last confirmation' }),
})
export const PauseUnconfirmed = Type.Object({
  unconfirmed: Type.Array(Type.Object({ lane: oneOf(lanes), messages: Type.Integer() })),
})
export const Done = Type.Object({ done: Type.Literal(true) })

export const MessageParams = Type.Object({ id: Type.String({ format: 'uuid', maxLength: 36 }) })
export const ClassParams = Type.Object({ class: Type.String({ minLength: 1, maxLength: classLengthMax }) })
export const AccountParams = Type.Object({ account: Type.String({ minLength: 1, maxLength: accountLengthMax }) })

/** `letGo`, `granted` and the like: what was found and what is allowed, by name. */
const brakeFault = Type.Object({
  since: Type.String({ format: 'date-time' }),
  class: Type.String(),
  lane: oneOf(lanes),
  source: Type.String(),
  template: Type.String(),
  numbers: Type.Record(Type.String(), Type.Number()),
  messages: Type.Array(Type.String()),
})

/** `waiting`: it is under way. `not-decided`: the journal could not be written. Times in ms from the submission. */
export const probeStatuses = ['handed-over', 'waiting', 'held', 'failed', 'not-decided'] as const

export const HealthView = Type.Object({
  brake: Type.Union([
    Type.Object({ status: Type.Literal('fine') }),
    Type.Object({ status: Type.Literal('faulty'), fault: brakeFault }),
  ]),
  late: Type.Array(
    Type.Object({
      class: Type.String(),
      lane: oneOf(lanes),
      stage: oneOf(['handover', 'provider']),
      alarm: Type.Integer(),
      lastLateAt: Type.String({ format: 'date-time' }),
      usualMs: Type.Number(),
    }),
  ),
  probe: Type.Optional(
    Type.Object({
      at: Type.String({ format: 'date-time' }),
      status: oneOf(probeStatuses),
      decidedMs: Type.Optional(Type.Number()),
      handedOverMs: Type.Optional(Type.Number()),
    }),
  ),
})
export type HealthView = Static<typeof HealthView>

export const verdicts = [
  'asked',
  'unconfirmed',
  'not-asked',
  'sent-in-error',
  'altered',
  'not-ours',
  'unknown',
] as const
export const verifyMailBytesMax = 1024 * 1024
/** A mail as a JSON string takes more bytes than the mail. */
export const verifyBodyBytesMax = 4 * verifyMailBytesMax
export const codeLengthMax = 64

export const VerifyBody = Type.Object(
  {
    code: Type.Optional(
      Type.String({ maxLength: codeLengthMax, description: 'The code on the mail; needs recipient' }),
    ),
    recipient: Type.Optional(
      Type.String({ maxLength: addressLengthMax, description: 'The address that the mail was sent to' }),
    ),
    mail: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: verifyMailBytesMax,
        description: 'The whole mail (RFC 5322), headers included',
      }),
    ),
  },
  { ...closed, description: 'Either code and recipient, or mail' },
)
export type VerifyBody = Static<typeof VerifyBody>

export const VerifyQuery = Type.Object(
  { recipient: Type.Optional(Type.String({ maxLength: addressLengthMax })) },
  { ...closed, description: 'Beside a mail that is sent as `message/rfc822`' },
)
export type VerifyQuery = Static<typeof VerifyQuery>

export const Verification = Type.Object({
  verdict: oneOf(verdicts),
  class: Type.Optional(Type.String()),
  sentAt: Type.Optional(instant('When the mail was handed over')),
  reason: Type.Optional(
    Type.Object(
      { code: Type.String(), detail: Type.String() },
      { description: 'Why a mail differs, or cannot be told' },
    ),
  ),
  advice: Type.String({ description: 'What to do, in plain words, in the language of Accept-Language' }),
})
export type Verification = Static<typeof Verification>
