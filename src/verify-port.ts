import type pg from 'pg'
import { Schedule } from './authenticity/pace.ts'
import { answerPage, askPage, type FormFault, faultPage, type Page } from './authenticity/pages.ts'
import type { Answer } from './authenticity/verdict.ts'
import { openVerifier, type Verifier } from './authenticity/verify.ts'
import { say } from './authenticity/words/say.ts'
import { languageOf } from './authenticity/words/words.ts'
import type { Config } from './config.ts'
import type { Keyring } from './engine/keyring.ts'
import { addressHash } from './inbound/requests.ts'
import type { Form, VerifyAnswer, VerifyPort } from './inbound/verify.ts'
import { available } from './operator-port.ts'
import { parseMailbox } from './std/mailbox.ts'
import { readCode } from './std/message-code.ts'
import type { Register } from './views/register.ts'
import { sentByCode } from './views/sent.ts'

export type VerifyDeps = {
  config: Pick<Config, 'isTrustedProxy'>
  pool: pg.Pool
  keyring: Keyring
  register: Register
}

/** A look-up takes a few ms, and some more while the machine is busy. */
const answerMs = { leastMs: 75, tickMs: 25 }
/** What was sent a moment ago is found, if the register shows it by then. */
const reachedWaitMsMax = 1000

/** Whoever got a mail, as HTTP sees them. */
export function verifyPort({ config, pool, keyring, register }: VerifyDeps): VerifyPort {
  const verifier = openVerifier({
    reached: () => register.reached(reachedWaitMsMax),
    sentByCode: codes => sentByCode(pool, codes),
    addressHash: text => {
      const parsed = parseMailbox(text.trim())
      return parsed.ok ? addressHash(keyring, parsed.mailbox) : keyring.hash('nobody', text)
    },
  })
  const schedule = new Schedule(answerMs)
  return {
    isTrustedProxy: config.isTrustedProxy,
    answer: (question, acceptLanguage) =>
      available(() =>
        schedule.answer(async () => {
          const answer = question.kind === 'code' ? await verifier.byCode(question) : ({ verdict: 'unknown' } as const)
          return told(answer, acceptLanguage)
        }),
      ),
    page: (form, acceptLanguage) => {
      const show = () => pageFor(verifier, form, acceptLanguage)
      return form ? available(() => schedule.answer(show)) : show()
    },
  }
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
    return form.data ? answerPage(language, { verdict: 'unknown' }) : faultPage(422, language, ['mailMissing'], {})
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
