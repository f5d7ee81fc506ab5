import type { EventFault } from './cloudevents.ts'
import type { EventsAnswer } from './contract.ts'
import { type ProblemCode, problems } from './problems.ts'
import type { TraceFault } from './trace.ts'

/** What was rejected of a report, as the contract has it. */
type Rejected = EventsAnswer['rejected'][number]

type Told = readonly [detail: string, pointer?: string]

const ahead = 'Send a time that has come: the clock of the source is more than two minutes ahead of ours.'

/** What to send in place of it, in a sentence, and where. Where one of several fields may be at fault, the place is what holds them. */
const told: Record<EventFault | TraceFault, Told> = {
  'event.not-an-object': ['Send an event as a JSON object.', ''],
  'event.specversion': ['Send "1.0".', '/specversion'],
  'event.id': ['Send a text of 1 to 256 characters without control characters.', '/id'],
  'event.source': ['Send a URI reference of at most 512 characters, such as /auth.', '/source'],
  'event.type': ['Send a text of 1 to 128 characters, such as tocsin.reset.requested.', '/type'],
  'event.subject': [
    'Send the account, of 1 to 256 characters without control characters, or leave the subject out.',
    '/subject',
  ],
  'event.time': ['Send a date-time of RFC 3339 with an offset, or leave the time out.', '/time'],
  'event.datacontenttype': ['Send a media type, such as application/json, or leave it out.', '/datacontenttype'],
  'event.dataschema': ['Send a URI reference, or leave it out.', '/dataschema'],
  'event.extension': [
    'Name extensions in lower-case letters and digits, and give each a text, a 32-bit integer or a boolean.',
    '',
  ],
  'event.data-twice': ['Send data or data_base64, not both.', '/data_base64'],
  'event.data': ['Send the data as JSON in UTF-8; in data_base64 it is base64 besides.', '/data'],
  'event.text': ['Send well-formed text.'],
  'event.type-unknown': ['Send one of the types of Tocsin, such as tocsin.reset.requested.', '/type'],
  'event.type-not-taken-here': ['Send messages with POST /v1/messages or over SMTP; this type is for traces.', '/type'],
  'event.not-for-this-key': [
    'Send baseline.loaded and campaign.announced with the key of an operator, all other types with the cause key.',
    '/type',
  ],
  'event.subject-missing': ['Send the account as the subject.', '/subject'],
  'event.data-not-an-object': ['Send the data as a JSON object.', '/data'],
  'event.known': ['Send true or false: whether the account exists.', '/data/known'],
  'event.trust': ['Send session, known-device or unknown, or leave it out.', '/data/trust'],
  'event.kind': [
    'Send one of the kinds of the type: password, totp, passkey, email, phone or recovery of credential.changed; not-requested, phishing or question of report.received; deploy, flag, config, migration, cron or template of change.applied.',
    '/data/kind',
  ],
  'event.action': ['Send forced-reset, activity-review or end-sessions.', '/data/action'],
  'event.recipients': [
    'Send a list of at most ten {"email": …}, each exactly one address, with "verified": false where its holder has not verified it.',
    '/data/recipients',
  ],
  'event.coverage-source': ['Send auth, edge, provider, reports, changes, access or dmarc.', '/data/source'],
  'event.coverage-time': [
    'Send from and until, in order, as date-times of RFC 3339, and complete as true or false.',
    '/data',
  ],
  'event.requester': ['Send the requester as a JSON object, or leave it out.', '/data/requester'],
  // A request has these in its requester, the others among their data.
  'event.ip': ['Send ip as an IPv4 or IPv6 address, without zone, prefix or port.'],
  'event.asn': ['Send asn as the number of an autonomous system, or like AS64496.'],
  'event.device': ['Send device as a text of 1 to 512 characters.'],
  'event.session': ['Send session as a text of 1 to 512 characters.'],
  'event.agent': ['Send agent as a text of at most 2,048 characters.'],
  'event.message': ['Send the id that the sender of the message was answered.', '/data/message'],
  'event.cause': ['Send the id of an event, of 1 to 256 characters.', '/data/cause'],
  'event.from': ['Send exactly one address.', '/data/from'],
  'event.provider': ['Send provider and providerId as texts of 1 to 256 characters.', '/data'],
  'event.change': [
    'Send service, and version and actor where you have them, as texts of 1 to 256 characters.',
    '/data',
  ],
  'event.access': ['Send actor, resource and action as texts; records is a whole number from 0.', '/data'],
  'event.dmarc': ['Send domain, sourceIp, count, spf and dkim; the last two are results of RFC 8601.', '/data'],
  'event.claim': ['Send by and a text of at most 4,000 characters; url is http: or https:.', '/data'],
  'event.class': ['Send the name of a class, of 1 to 64 characters.', '/data/class'],
  'event.audience': ['Send a whole number from 0.', '/data/audienceSize'],
  'event.period': ['Send from and until as date-times of RFC 3339, in order.', '/data'],
  'event.lane': ['Send reserved, open, system or campaign, or leave it out.', '/data/lane'],
  'event.rates': ['Send exactly 168 numbers from 0 to 10,000,000.', '/data/ratePerHourOfWeek'],
  'event.dispersion': ['Send a number above 0, or leave it out.', '/data/dispersion'],
  'event.safety': ['Send a number from 1 to 1,000, or leave it out.', '/data/safety'],
  'event.templates': [
    'Send at most 1,000 {"template", "versions"}, each with at most 100 versions.',
    '/data/templates',
  ],
}

/** What the core refuses behind the reading. */
const refused: Record<string, Told> = {
  'cause.from-the-future': [ahead, '/time'],
  'signal.from-the-future': [ahead, '/time'],
  'class.unknown': ['Send the name of a class that is there: GET /v1/classes lists them.', '/data/class'],
}

export function rejectedOf(index: number, code: string): Rejected {
  const known: Record<string, Told> = { ...told, ...refused }
  const [detail, pointer] = Object.hasOwn(known, code) ? known[code]! : [titleOf(code)]
  return pointer === undefined ? { index, code, detail } : { index, code, detail, pointer }
}

const titleOf = (code: string): string =>
  Object.hasOwn(problems, code)
    ? `${problems[code as ProblemCode][1]}.`
    : 'It was not taken; docs/errors.md explains the code.'
