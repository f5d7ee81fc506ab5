/**
 * `error`: mail is or will be refused, or anybody may send in the domain's name. `warning`: weaker than it should be. `cannot-tell`: the question
 * was not answered, so nothing is known. `notice`: worth knowing. `ok`: was looked at, and is right.
 */
export type Severity = 'error' | 'warning' | 'cannot-tell' | 'notice' | 'ok'

type Rule = readonly [severity: Severity, section: string, detail: string]

const domainRules = {
  'domain.not-found': ['error', 'RFC 8020 §2', 'There is no such domain.'],
  'domain.cannot-tell': ['cannot-tell', 'RFC 1035 §7', 'Whether the domain exists could not be found out.'],
  'domain.resolver-blind': [
    'cannot-tell',
    'RFC 1035 §7',
    'The DNS server says of everything that it is not there, the root of DNS included: it has no way to the outside. Name another one with --server or TOCSIN_DNS.',
  ],
  'domain.alias': [
    'warning',
    'RFC 1034 §3.6.2',
    'The domain is an alias (CNAME): what it says about mail is said by another domain.',
  ],
  'domain.ok': ['ok', 'RFC 1034 §3.6', 'The domain exists.'],
} as const satisfies Record<string, Rule>

const spfRules = {
  'spf.ok': ['ok', 'RFC 7208 §4', 'SPF names who may send, refuses the rest, and stays within the limits.'],
  'spf.cannot-tell': ['cannot-tell', 'RFC 7208 §4.4', 'Not everything that SPF rests on could be asked.'],
  'spf.missing': [
    'error',
    'RFC 7208 §3',
    'There is no SPF record, so receivers cannot know who may send for this domain.',
  ],
  'spf.several-records': ['error', 'RFC 7208 §4.5', 'There is more than one SPF record; receivers then use none.'],
  'spf.syntax': ['error', 'RFC 7208 §4.6', 'The SPF record has a syntax error; receivers then use none of it.'],
  'spf.too-long': [
    'warning',
    'RFC 7208 §3.4',
    'The SPF record is longer than 450 characters; with the other texts of this name the answer may not fit a UDP packet.',
  ],
  'spf.too-many-lookups': [
    'error',
    'RFC 7208 §4.6.4',
    'SPF takes more than ten DNS look-ups; receivers then give up with an error.',
  ],
  'spf.near-lookup-limit': [
    'notice',
    'RFC 7208 §4.6.4',
    'SPF takes nine or ten of the ten DNS look-ups that are allowed; one more include of a provider may break it.',
  ],
  'spf.too-many-voids': [
    'error',
    'RFC 7208 §4.6.4',
    'More than two look-ups of SPF lead to nothing; receivers then give up with an error.',
  ],
  'spf.voids-in-one-family': [
    'warning',
    'RFC 7208 §4.6.4',
    'For senders with IPv6, or with IPv4, more than two look-ups lead to nothing; receivers then give up with an error.',
  ],
  'spf.too-many-mx': [
    'error',
    'RFC 7208 §4.6.4',
    'A name in an mx term has more than ten mail servers; receivers then give up with an error.',
  ],
  'spf.passes-everyone': ['error', 'RFC 7208 §5.1', 'SPF lets everybody send for this domain.'],
  'spf.include-passes-everyone': [
    'error',
    'RFC 7208 §5.2',
    'An included record lets everybody send, and so does this one.',
  ],
  'spf.network-too-wide': [
    'warning',
    'RFC 7208 §5.6',
    'SPF lets networks send that are larger than any sender has: IPv4 below /8, IPv6 below /16.',
  ],
  'spf.neutral-all': ['warning', 'RFC 7208 §8.2', 'The record ends with ?all, which says nothing about anybody else.'],
  'spf.no-all': [
    'warning',
    'RFC 7208 §4.7',
    'The record has neither all nor redirect, so it says nothing about anybody else.',
  ],
  'spf.softfail': [
    'notice',
    'RFC 7208 §8.5',
    'The record ends with ~all; -all refuses. With a DMARC policy that refuses, ~all is enough.',
  ],
  'spf.ptr': ['warning', 'RFC 7208 §5.5', 'The ptr term is slow and unreliable, and must not be used.'],
  'spf.include-broken': [
    'error',
    'RFC 7208 §5.2',
    'A record that is included does not exist, is not the only one there, or has a syntax error; receivers then give up with an error.',
  ],
  'spf.loop': ['error', 'RFC 7208 §4.6.4', 'SPF records include each other in a circle.'],
  'spf.ignored-terms': [
    'notice',
    'RFC 7208 §5.1',
    'What stands behind all, and a redirect beside it, is never looked at.',
  ],
  'spf.depends-on-message': [
    'notice',
    'RFC 7208 §7',
    'Some terms depend on the message (macros). They were counted and not followed.',
  ],
  'spf.sender-passes': ['ok', 'RFC 7208 §8.3', 'The sending address given passes SPF.'],
  'spf.sender-fails': ['error', 'RFC 7208 §8.4', 'The sending address given does not pass SPF.'],
} as const satisfies Record<string, Rule>

const dkimRules = {
  'dkim.ok': ['ok', 'RFC 6376 §3.6.1', 'The key is there, is long enough, and is for mail.'],
  'dkim.cannot-tell': ['cannot-tell', 'RFC 6376 §6.1.2', 'Not every key could be asked.'],
  'dkim.no-selector': [
    'cannot-tell',
    'RFC 6376 §3.1',
    'No selector is known, and DNS lists none: name those that sign with --selector.',
  ],
  'dkim.key-missing': ['error', 'RFC 6376 §6.1.2', 'There is no key at this selector; signatures that name it fail.'],
  'dkim.several-records': [
    'error',
    'RFC 6376 §3.6.2.2',
    'There is more than one text at this selector; which is the key is undefined.',
  ],
  'dkim.key-syntax': ['error', 'RFC 6376 §3.6.1', 'The key record cannot be read; signatures that name it fail.'],
  'dkim.key-revoked': ['error', 'RFC 6376 §3.6.1', 'The key is revoked (an empty p=); signatures that name it fail.'],
  'dkim.key-type-unknown': ['error', 'RFC 6376 §3.6.1', 'The type of the key (k=) is neither rsa nor ed25519.'],
  'dkim.key-too-short': [
    'error',
    'RFC 8301 §3.2',
    'The RSA key has less than 1024 bits; signatures with it are not accepted.',
  ],
  'dkim.key-short': ['warning', 'RFC 8301 §3.2', 'The RSA key has less than 2048 bits.'],
  'dkim.key-mismatch': [
    'error',
    'RFC 6376 §6.1.3',
    'The key that is published is not the one that mail is signed with.',
  ],
  'dkim.only-ed25519': [
    'warning',
    'RFC 8463 §3',
    'Only Ed25519 keys: many receivers cannot verify them. Sign with RSA as well.',
  ],
  'dkim.hash-not-allowed': [
    'error',
    'RFC 6376 §3.6.1',
    'The key allows no signatures with SHA-256 (h=), and no others are accepted.',
  ],
  'dkim.hash-sha1': ['notice', 'RFC 8301 §3.1', 'The key still allows SHA-1 (h=), which must not be used.'],
  'dkim.not-for-mail': ['error', 'RFC 6376 §3.6.1', 'The key is not for mail (s=).'],
  'dkim.testing': [
    'warning',
    'RFC 6376 §3.6.1',
    'The key says that it is a test (t=y): a failed signature counts like none.',
  ],
  'dkim.rotation-due': [
    'notice',
    'RFC 6376 §3.1',
    'The same key has been there for more than half a year: time to rotate it.',
  ],
  'dkim.rotation-overdue': ['warning', 'RFC 6376 §3.1', 'The same key has been there for more than a year: rotate it.'],
} as const satisfies Record<string, Rule>

const alignmentRules = {
  'alignment.cannot-tell': [
    'cannot-tell',
    'RFC 9989 §4.4',
    'Whether the domains belong together could not be found out.',
  ],
  'alignment.dkim-ok': ['ok', 'RFC 9989 §4.4.1', 'The domain that signs aligns with the one in From.'],
  'alignment.dkim': [
    'error',
    'RFC 9989 §4.4.1',
    'The domain that signs (d=) does not align with the one in From: for DMARC the mail counts as unsigned.',
  ],
  'alignment.spf-ok': ['ok', 'RFC 9989 §4.4.2', 'The domain of the return path aligns with the one in From.'],
  'alignment.spf': [
    'notice',
    'RFC 9989 §4.4.2',
    'The domain of the return path does not align with the one in From: SPF does not count for DMARC, only DKIM does.',
  ],
  'alignment.none': [
    'error',
    'RFC 9989 §5.3',
    'Neither signature nor return path align with From: the mail fails DMARC.',
  ],
} as const satisfies Record<string, Rule>

const dmarcRules = {
  'dmarc.ok': ['ok', 'RFC 9989 §4.7', 'A DMARC policy asks receivers to refuse what only pretends to come from here.'],
  'dmarc.cannot-tell': [
    'cannot-tell',
    'RFC 9989 §4.10',
    'Not everything that the DMARC policy rests on could be asked.',
  ],
  'dmarc.missing': [
    'error',
    'RFC 9989 §4.10.1',
    'No DMARC policy applies: anybody may put this domain into From. Begin with p=none and its reports.',
  ],
  'dmarc.several-records': [
    'error',
    'RFC 9989 §4.10',
    'There is more than one DMARC record; all of them are discarded.',
  ],
  'dmarc.syntax': [
    'error',
    'RFC 9989 §4.7',
    'The DMARC record is not well-formed; it may be discarded, or count as p=none.',
  ],
  'dmarc.inherited': ['notice', 'RFC 9989 §4.10.1', 'The policy is that of a domain above.'],
  'dmarc.policy-none': [
    'warning',
    'RFC 9989 §4.7',
    'The policy asks for nothing (none): mail that pretends to come from here is delivered. Once the reports show that all of yours passes, publish reject.',
  ],
  'dmarc.policy-quarantine': ['notice', 'RFC 9989 §4.7', 'The policy is quarantine; reject is stronger.'],
  'dmarc.subdomains-open': ['warning', 'RFC 9989 §4.7', 'Subdomains are exempt (sp=none): anybody may invent one.'],
  'dmarc.nonexistent-open': [
    'warning',
    'RFC 9989 §4.7',
    'Subdomains that do not exist are exempt (np=none): anybody may invent one.',
  ],
  'dmarc.testing': [
    'warning',
    'RFC 9989 §4.7',
    'The policy says that it is a test (t=y): receivers do one step less than it asks.',
  ],
  'dmarc.public-suffix': [
    'warning',
    'RFC 9989 §4.7',
    'psd=y says that this is a public suffix, as com is: that is for registries only.',
  ],
  'dmarc.no-reports': [
    'warning',
    'RFC 9989 §4.7',
    'Nobody gets reports (rua): you do not learn who sends in your name, and whether yours arrives.',
  ],
  'dmarc.report-not-wanted': [
    'error',
    'RFC 9990 §4',
    'Reports go to another organization that has not said that it takes them; none are sent there.',
  ],
  'dmarc.obsolete': [
    'notice',
    'RFC 9989 §4.7',
    'The record has tags that are no longer part of DMARC (pct, rf, ri, sizes); receivers ignore them.',
  ],
  'dmarc.unknown-tags': ['notice', 'RFC 9989 §4.7', 'The record has tags that nobody knows.'],
} as const satisfies Record<string, Rule>

const mxRules = {
  'mx.ok': ['ok', 'RFC 5321 §5.1', 'The domain names mail servers, and they have addresses.'],
  'mx.cannot-tell': ['cannot-tell', 'RFC 5321 §5.1', 'Not every mail server could be asked.'],
  'mx.null': [
    'notice',
    'RFC 7505 §3',
    'The domain says that it takes no mail. It must not be a return path: bounces would be lost, and receivers refuse it.',
  ],
  'mx.null-mixed': ['error', 'RFC 7505 §3', 'A null MX stands beside others; it must stand alone.'],
  'mx.missing': [
    'warning',
    'RFC 5321 §5.1',
    'The domain names no mail server, and mail goes to its own address. Name one, or say with a null MX that it takes none.',
  ],
  'mx.unreachable': [
    'error',
    'RFC 7505 §4.2',
    'The domain can take no mail at all, and says so nowhere: bounces are lost, and receivers may refuse its mail.',
  ],
  'mx.target-missing': ['error', 'RFC 5321 §5.1', 'A mail server has no address.'],
  'mx.target-alias': ['error', 'RFC 2181 §10.3', 'A mail server is named by an alias (CNAME).'],
  'mx.target-number': [
    'error',
    'RFC 5321 §5.1',
    'A mail server is named by its address; it must be named by its name.',
  ],
  'mx.target-private': ['error', 'RFC 5321 §5.1', 'A mail server has an address that cannot be reached from outside.'],
} as const satisfies Record<string, Rule>

const transportRules = {
  'mta-sts.ok': ['ok', 'RFC 8461 §3', 'MTA-STS demands TLS with certificates for mail to this domain.'],
  'mta-sts.cannot-tell': ['cannot-tell', 'RFC 8461 §3', 'The MTA-STS record or policy could not be fetched from here.'],
  'mta-sts.missing': [
    'notice',
    'RFC 8461 §3.1',
    'There is no MTA-STS: mail to this domain may travel in plain. It takes this record and a policy at https://mta-sts.DOMAIN/.well-known/mta-sts.txt.',
  ],
  'mta-sts.not-needed': ['ok', 'RFC 8461 §1', 'The domain takes no mail, so that MTA-STS has nothing to protect.'],
  'mta-sts.several-records': [
    'error',
    'RFC 8461 §3.1',
    'There is more than one MTA-STS record; senders then use none.',
  ],
  'mta-sts.record-syntax': [
    'error',
    'RFC 8461 §3.1',
    'The MTA-STS record is not well-formed: v=STSv1; id= with up to 32 letters and digits.',
  ],
  'mta-sts.policy-missing': [
    'error',
    'RFC 8461 §3.3',
    'There is a record, and no policy at https://mta-sts.DOMAIN/.well-known/mta-sts.txt.',
  ],
  'mta-sts.policy-redirected': ['error', 'RFC 8461 §3.3', 'The policy is redirected, which senders do not follow.'],
  'mta-sts.policy-certificate': ['error', 'RFC 8461 §3.3', 'The certificate of the policy host does not hold.'],
  'mta-sts.policy-syntax': ['error', 'RFC 8461 §3.2', 'The policy is not well-formed.'],
  'mta-sts.media-type': ['warning', 'RFC 8461 §3.2', 'The policy is not served as text/plain.'],
  'mta-sts.testing': ['notice', 'RFC 8461 §5', 'The policy is in testing: failures are reported, nothing is refused.'],
  'mta-sts.mode-none': ['warning', 'RFC 8461 §5', 'The policy says none: senders are to forget it.'],
  'mta-sts.max-age-short': ['warning', 'RFC 8461 §3.2', 'The policy is to be forgotten within a day; weeks are usual.'],
  'mta-sts.mx-not-covered': [
    'error',
    'RFC 8461 §4.1',
    'A mail server is not in the policy: senders that keep to it do not deliver there.',
  ],
  'tls-rpt.ok': ['ok', 'RFC 8460 §3', 'Senders know where to report trouble with TLS.'],
  'tls-rpt.cannot-tell': ['cannot-tell', 'RFC 8460 §3', 'The TLS reporting record could not be asked.'],
  'tls-rpt.missing': ['notice', 'RFC 8460 §3', 'Nobody learns of trouble with TLS for mail to this domain.'],
  'tls-rpt.several-records': [
    'error',
    'RFC 8460 §3',
    'There is more than one TLS reporting record; senders then use none.',
  ],
  'tls-rpt.syntax': [
    'error',
    'RFC 8460 §3',
    'The TLS reporting record is not well-formed: v=TLSRPTv1; rua= with mailto: or https: addresses.',
  ],
} as const satisfies Record<string, Rule>

const bimi = 'draft-brand-indicators-for-message-identification'

const bimiRules = {
  'bimi.ok': ['ok', `${bimi} §4.3`, 'Receivers that show logos find one.'],
  'bimi.cannot-tell': [
    'cannot-tell',
    `${bimi} §7`,
    'The BIMI record, or the DMARC policy it needs, could not be asked.',
  ],
  'bimi.missing': [
    'notice',
    `${bimi} §4.3`,
    'There is no BIMI record, so no logo is shown. Nothing else depends on it.',
  ],
  'bimi.declined': ['ok', `${bimi} §4.3.1`, 'The domain says that it has no logo to show.'],
  'bimi.several-records': ['error', `${bimi} §7.2`, 'There is more than one BIMI record; receivers use none.'],
  'bimi.syntax': ['error', `${bimi} §4.3`, 'The BIMI record is not well-formed.'],
  'bimi.dmarc-not-enforced': [
    'error',
    `${bimi} §7.1`,
    'BIMI needs a DMARC policy of quarantine or reject, subdomains included; until then no logo is shown.',
  ],
  'bimi.logo-not-https': ['error', `${bimi} §4.3`, 'The logo (l=) is not at an https address.'],
  'bimi.logo-not-svg': ['warning', `${bimi} §4.3`, 'The logo (l=) does not look like an SVG.'],
  'bimi.certificate-not-https': [
    'error',
    `${bimi} §4.3`,
    'The certificate of the mark (a=) is not at an https address.',
  ],
  'bimi.certificate-not-pem': [
    'warning',
    `${bimi} §4.3`,
    'The certificate of the mark (a=) does not look like a PEM file.',
  ],
  'bimi.no-certificate': [
    'notice',
    `${bimi} §4.3`,
    'There is no certificate of the mark (a=); large receivers show no logo without it.',
  ],
} as const satisfies Record<string, Rule>

const otherRules = {
  'ptr.ok': ['ok', 'RFC 1912 §2.1', 'The sending address has a name, and the name that address.'],
  'ptr.cannot-tell': ['cannot-tell', 'RFC 1912 §2.1', 'The name of the sending address could not be found out.'],
  'ptr.missing': ['error', 'RFC 1912 §2.1', 'The sending address has no name (PTR); many receivers refuse it.'],
  'ptr.not-confirmed': ['warning', 'RFC 1912 §2.1', 'The name of the sending address does not lead back to it.'],
  'lookalike.none': [
    'ok',
    'a hint, no standard',
    'Of the look-alikes that were tried none is registered. There are others that were not tried.',
  ],
  'lookalike.registered': [
    'notice',
    'a hint, no standard',
    'Names that look like this one are registered; those with mail servers can get answers meant for you. They may be yours, or have nothing to do with you.',
  ],
  'lookalike.cannot-tell': ['cannot-tell', 'a hint, no standard', 'Not all look-alikes could be asked.'],
} as const satisfies Record<string, Rule>

export const rules = {
  ...domainRules,
  ...spfRules,
  ...dkimRules,
  ...alignmentRules,
  ...dmarcRules,
  ...mxRules,
  ...transportRules,
  ...bimiRules,
  ...otherRules,
} as const satisfies Record<string, Rule>

export type FindingCode = keyof typeof rules
