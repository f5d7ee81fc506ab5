import { whole } from './phrase.ts'
import type { Words } from './words.ts'

const act =
  '(?:act|answer|respond|reply|click|tap|verify|confirm|validate|change|reset|update|log in|login|sign in|call|contact|open|review|secure|download)'
const secret =
  "(?:passwords?|passcodes?|passphrases?|pins?|security codes?|verification codes?|codes?|recovery (?:codes?|keys?)|card numbers?|cvv|cvc|bank details|social security numbers?|seed phrases?|date of birth|mother's maiden name)"

export const english: Words = {
  urgency: [
    {
      pattern: whole('act (?:now|today|fast|quickly|immediately|at once)'),
      better: 'Say until when something is possible, and what happens then: "The link works until 14:30."',
    },
    {
      pattern: whole(
        `(?:please )?${act}\\b[^.!?\\n]{0,60}\\b(?:immediately|at once|right now|right away|without delay|asap|as soon as possible|now)`,
      ),
      better: 'Say what can be done, without haste: "You can change your password in the app."',
    },
    { pattern: whole(`immediately (?:${act})`), better: 'Leave out "immediately". If there is a time limit, name it.' },
    {
      pattern: whole('immediate (?:action|attention|response|reply|steps?)'),
      better: 'Say what to do, in one sentence, and until when.',
    },
    { pattern: whole('urgent(?:ly)?|urgency|emergency'), better: 'Leave it out: the subject says what has happened.' },
    {
      pattern: whole('action (?:is )?required|required action|attention required'),
      better: 'Say which action: "Choose a new password".',
    },
    {
      pattern: whole('(?:last|final) (?:chance|warning|notice|reminder|call|opportunity)'),
      better: 'Name the date from which something changes, and what changes.',
    },
    {
      pattern: whole(
        "hurry(?: up)?|don't (?:wait|delay|miss)|do not (?:wait|delay)|time is running out|before it's too late|before it is too late|running out of time|limited time",
      ),
      better: 'Name the time limit, and what is still possible afterwards.',
    },
    {
      pattern: whole('within (?:the next )?\\d{1,3} (?:minutes?|hours?|days?)[^.!?\\n]{0,40}\\bor\\b'),
      better:
        'Give the date and the way back: "From 1 December you need a new password to sign in. You can set it at any time."',
    },
    { pattern: whole('as soon as possible|asap'), better: 'Say by when, or leave it out.', severity: 'warning' },
  ],
  fear: [
    { pattern: whole('hack(?:ed|ers?|ing)'), better: 'Say what is known: "Somebody signed in with your password."' },
    {
      pattern: whole('(?:has|have|was|were|is|been|be|got) compromised|compromise of'),
      better: 'Say what has happened: "Your password was in a list that others have."',
    },
    {
      pattern: whole('stolen|thie(?:f|ves)|criminals?|fraudsters?|scammers?|attackers?'),
      better: 'Say what has happened, not who is to blame: "Somebody who should not copied the data."',
    },
    {
      pattern: whole(
        '(?:account|access|profile)[^.!?\\n]{0,40}\\b(?:(?:will|may|can|could) be|is about to be|has been|is|was) (?:permanently )?(?:suspended|terminated|closed|deleted|blocked|locked|disabled|deactivated|restricted|limited)',
      ),
      better:
        'Say what still works, what does not, and how it works again: "You can sign in again once you have set a new password."',
    },
    {
      pattern: whole('(?:will|may|could) (?:permanently )?lose (?:access|your|all)'),
      better: 'Say what still works and until when, and how to keep it.',
    },
    {
      pattern: whole('legal action|prosecut(?:ed|ion)|law enforcement|police'),
      better: 'Leave threats out. Say what you need and why.',
    },
    {
      pattern: whole(
        '(?:security|critical|serious|severe|important|account) (?:alert|warning|threat|risk|violation)!?',
      ),
      better: 'Name what has happened: "New sign-in from a phone in Berlin".',
      severity: 'warning',
    },
    {
      pattern: whole('danger(?:ous)?|threats?|catastroph\\w*|disaster|devastating|alarming|victims?|panic'),
      better: 'Say the fact, and how much of it is known.',
    },
    { pattern: whole('(?:at|great|serious|high) risk'), better: 'Say what can happen and what prevents it.' },
    {
      pattern: whole(
        '(?:suspicious|unusual|strange|unauthori[sz]ed|fraudulent|malicious) (?:activity|activities|access|log-?ins?|sign-?ins?|attempts?|transactions?|behaviou?r)',
      ),
      better:
        'Say what was seen, when and where: "A sign-in from a browser we have not seen before, on 24 November, 10:30 UTC."',
      severity: 'warning',
    },
  ],
  genericGreeting: whole(
    'dear (?:valued |esteemed )?(?:customers?|users?|members?|clients?|subscribers?|account holders?|sir(?: or madam)?|sir/madam|madam|friend|e-?mail user)|hello (?:user|customer|member)|to whom it may concern',
  ),
  guidance: {
    reason: {
      pattern: whole(
        "because|why you (?:get|got|receive|received|are getting|are receiving)|you(?:'re| are) (?:getting|receiving) this|you (?:get|got|receive|received) this|asked|asks|request(?:ed|s)?|ordered|signs?(?:ed)? in|signed in|signing in|sign-in|logged in|log-?in|(?:was|were|has been|have been|is|are) (?:changed|added|removed|reset|replaced|set|turned on|turned off|created|used|renewed|copied|sent|read)|we (?:changed|added|removed|sent|found|noticed|learned|made)",
      ),
      say: 'You get this message because somebody asked for a new password for your account.',
    },
    time: {
      pattern: whole(
        'today|yesterday|this morning|tonight|last night|just now|(?:minutes?|hours?|days?) ago|noon|midnight',
      ),
      say: 'When: 24 November 2026, 10:30 UTC.',
    },
    place: {
      pattern: whole(
        'near|vicinity|place|location|where|country|city|ip address|network|from (?:a|an|the|your) (?:app|browser|computer|device|phone|tablet|laptop|network|unknown)',
      ),
      say: 'Where: near Berlin, Germany, in Firefox on Linux.',
    },
    notYou: {
      pattern: whole(
        "(?:if|in case|when) (?:this|it|that) (?:was not|wasn't|is not|isn't) you|if you (?:did not|didn't|have not|haven't|are not|aren't|do not|don't|never|were not|weren't)|if not,|(?:not|wasn't|isn't) you\\?|(?:do not|don't|didn't|did not) recogni[sz]e|(?:if|in case) (?:this|it|that) was (?:someone|somebody) else|if (?:someone|somebody) else|you did not (?:ask|do|make|request|sign)",
      ),
      say: 'If this was not you: open the app, choose Security, and end all sessions. Your password still works.',
    },
    withoutLink: {
      pattern: whole(
        "(?:open|start|in|use|through|from) (?:the|our|your) (?:[\\p{L}\\p{N}'-]+ ){0,3}app|type (?:the |this |our )?(?:web )?(?:address|[\\w-]+(?:\\.[\\w-]+)+)|type [^.!?\\n]{0,60}\\b(?:browser|address bar)|(?:go|sign in|log in) to [\\w-]+(?:\\.[\\w-]+)+|without (?:using |following |opening |clicking )?(?:this|the|a|any) link|instead of (?:using |following )?(?:this|the) link|(?:do not|don't) (?:need|have) to (?:use|follow|click|open)[^.!?\\n]{0,20} link|no links? (?:is )?needed|enter (?:the|this) code|in your (?:account|security) settings|as you (?:always|usually) do|by yourself",
      ),
      say: 'Without the link: open the app or type example.org in your browser, and choose Security.',
    },
  },
  asksForSecret: whole(
    `(?:send|tell|give|text|e-?mail|mail|forward|provide|submit|reply (?:to this (?:mail|e-?mail|message) )?with|respond with|answer with|read out|confirm|verify|validate) (?:us |me |back |to us )?(?:with )?(?:your |the |this |a |all )?(?:full |current |old |new |account |e-?mail |credit |debit |secret )*${secret}`,
  ),
  negation: whole(
    "never|not|no one|nobody|none|don't|won't|doesn't|didn't|without|cannot|can't|nor|neither|if (?:someone|somebody|anyone|anybody)",
  ),
  passwordIs: /(?<![\p{L}\p{N}])(?:password|passcode|passphrase|pwd)(?: is ?:?| ?:| ?=)\s*(\S{6,64})/iu,
  test: whole(
    '(?:this is (?:just |only )?a test|test (?:e-?mail|mail|message|notification|template)|please ignore(?: this)?|do not send|placeholder|sample text|your text here|company name here|insert [\\p{L} ]{1,30} here)',
  ),
  unsubscribe: whole('unsubscribe|opt[ -]out|stop receiving|manage (?:your )?(?:subscriptions?|e-?mail preferences)'),
  frequent: 'the and you your to of in is for was this that it with on we not if are from have by at be an or'.split(
    ' ',
  ),
}
