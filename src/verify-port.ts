import type pg from 'pg'
import { Schedule } from './authenticity/pace.ts'
import { answerPage, askPage, type FormFault, faultPage, type Page } from './authenticity/pages.ts'
import { type OwnKey, signatureCheck } from './authenticity/signature.ts'
import type { Answer } from './authenticity/verdict.ts'
import { openVerifier, type Verifier } from './authenticity/verify.ts'
import { say } from './authenticity/words/say.ts'
import { languageOf } from './authenticity/words/words.ts'
import type { Config } from './config.ts'
import type { Keyring } from './engine/keyring.ts'
import type { Partition } from './engine/partition.ts'
import { addressHash } from './inbound/requests.ts'
import type { Form, Question, VerifyAnswer, VerifyPort } from './inbound/verify.ts'
import { available } from './operator-port.ts'
import { type Composing, sentMail } from './outbound/deliver.ts'
import { parseMailbox } from './std/mailbox.ts'
import { readCode } from './std/message-code.ts'
import type { Register } from './views/register.ts'
import { type SentRecord, sentByCode } from './views/sent.ts'

export type VerifyDeps = {
  pool: pg.Pool
  keyring: Keyring
  register: Register
  partition: Pick<Partition, 'content'>
  composing: Composing
  keys: readonly OwnKey[]
}

/** A look-up takes a few ms, and some more while the machine is busy. */
const answerMs = { leastMs: 75, tickMs: 25 }
/** What was sent a moment ago is found, if the register shows it by then. */
const reachedWaitMsMax = 1000

export function verifierOf(deps: VerifyDeps): Verifier {
  const { pool, keyring, register } = deps
  return openVerifier({
    reached: () => register.reached(reachedWaitMsMax),
    sentByCode: codes => sentByCode(pool, codes),
    addressHash: text => {
      const parsed = parseMailbox(text.trim())
      return parsed.ok ? addressHash(keyring, parsed.mailbox) : keyring.hash('nobody', text)
    },
    mailOf: sent => mailOf(deps, sent),
    signature: signatureCheck(deps.keys),
  })
}

/** Whoever got a mail, as HTTP sees them. */
export function verifyPort({ isTrustedProxy }: Pick<Config, 'isTrustedProxy'>, verifier: Verifier): VerifyPort {
  const schedule = new Schedule(answerMs)
  return {
    isTrustedProxy,
    answer: (question, acceptLanguage) =>
      available(() =>
        schedule.answer(async () => {
          return told(await answerTo(verifier, question), acceptLanguage)
        }),
      ),
    page: (form, acceptLanguage) => {
      const show = () => pageFor(verifier, form, acceptLanguage)
      return form ? available(() => schedule.answer(show)) : show()
    },
  }
}

const answerTo = (verifier: Verifier, question: Question): Promise<Answer> => {
  if (question.kind === 'code') return verifier.byCode(question)
  const { data, recipient } = question
  const mail = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return verifier.byMail({ data: mail, ...(recipient !== undefined && { recipient }) })
}

/** The mail as it left, from what is sealed. */
async function mailOf({ partition, composing }: VerifyDeps, sent: SentRecord): Promise<Buffer | undefined> {
  const { id, sealed, decidedAt, via, class: name } = sent
  const content = await partition.content({ id, sealed }, decidedAt)
  return content && sentMail(composing, { id, facts: { via, class: name } }, content)
}

function told(answer: Answer, acceptLanguage: string | undefined): VerifyAnswer {
  const { advice, reason } = say(answer, languageOf(acceptLanguage))
  return {
    verdict: answer.verdict,
    ...('class' in answer && { class: answer.class, sentAt: answer.sentAt }),
    ...('reason' in answer && answer.reason && { reason: { code: answer.reason, detail: reason! } }),
    advice,
  }
}

async function pageFor(verifier: Verifier, form: Form | undefined, acceptLanguage: string | undefined): Promise<Page> {
  const language = languageOf(acceptLanguage)
  if (!form) return askPage(language)
  if (form.kind === 'refused') return faultPage(form.status, language, [form.fault], {})
  if (form.kind === 'mail')
    return form.data
      ? answerPage(language, await answerTo(verifier, { kind: 'mail', data: form.data }))
      : faultPage(422, language, ['mailMissing'], {})
  const { code, recipient } = form
  const faults = faultsIn(code, recipient)
  if (faults.length > 0) return faultPage(422, language, faults, { code, recipient })
  return answerPage(language, await verifier.byCode({ code, recipient }))
}

/** What shows without looking anything up: a code of another length is nobody's. */
function faultsIn(code: string, recipient: string): FormFault[] {
  const faults: FormFault[] = []
  if (code === '') faults.push('codeMissing')
  else if (readCode(code) === undefined) faults.push('codeMalformed')
  if (recipient === '') faults.push('addressMissing')
  else if (!parseMailbox(recipient).ok) faults.push('addressMalformed')
  return faults
}
