import { createHash } from 'node:crypto'
import type pg from 'pg'
import { type ConfigFault, checkClass, mergeClass } from './config.ts'
import type { MessageFacts, MessageId } from './core/events.ts'
import type { Policy } from './core/policy.ts'
import { freshClasses } from './core/policy.ts'
import type { CampaignVault } from './engine/campaign-vault.ts'
import { forgetInAudiences } from './engine/campaigns.ts'
import type { Feeder } from './engine/feeder.ts'
import { healthNow } from './engine/health.ts'
import type { Keyring } from './engine/keyring.ts'
import { act, applyPolicy, classesNow, eraseSubject, pauseClass, resumeClass } from './engine/operator.ts'
import { type Partition, PartitionUnavailable } from './engine/partition.ts'
import type { Probe } from './engine/probe.ts'
import type { ProposalRunner } from './engine/proposals.ts'
import { Unavailable } from './inbound/intake.ts'
import type { OperatorPort, Resolve } from './inbound/operator.ts'
import { accountHash } from './inbound/requests.ts'
import type { Traces } from './journal/postgres/traces.ts'
import type { OpenCarrier } from './outbound/carrier.ts'
import { proposalPort } from './proposal-port.ts'
import type { Hash64 } from './std/hash64.ts'
import { keyPlacesOf } from './views/places.ts'
import type { Register } from './views/register.ts'
import { StaleRegister } from './views/stale.ts'

export type OperatorDeps = {
  partition: Partition
  pool: pg.Pool
  keyring: Keyring
  register: Register
  carrier: Pick<OpenCarrier, 'forget'>
  /** Of erased keys in the files of the database. */
  traces: Pick<Traces, 'expect' | 'remove'>
  runner: ProposalRunner
  audiences: { vault: CampaignVault; feeder: Feeder }
  probe?: Pick<Probe, 'last'>
  findings: OperatorPort['findings']
}

/** The engine as operators see it over HTTP. */
export function operatorPort(deps: OperatorDeps): OperatorPort {
  const { partition, keyring, runner, probe } = deps
  const classes = () => classesNow({ state: partition.state, now: partition.now() })
  const resolved = async (command: Parameters<typeof act>[1]): Promise<Resolve> => {
    const answer = await act(partition, command)
    if (answer.type !== 'refused') return { status: 'done' }
    return { status: 'refused', code: answer.code as Extract<Resolve, { status: 'refused' }>['code'] }
  }
  return {
    ...proposalPort({ partition, runner, available }),
    ...healthPort(partition, probe),
    findings: deps.findings,
    knowsClass: name => Object.hasOwn(partition.state.policy.classes, name),
    accountHash: account => accountHash(keyring, account),
    classes: async () => classes(),
    setClass: (name, patch, by) =>
      available(async () => {
        const base = partition.state.policy
        const one = mergeClass(base.classes[name] ?? freshClasses().other!, patch)
        const faults: ConfigFault[] = []
        checkClass(name, one, faults)
        if (faults.length > 0)
          return {
            status: 'refused',
            faults: faults.map(({ setting, code, detail }) => ({
              pointer: `/${setting.split('/').slice(2).join('/')}`,
              code,
              detail,
            })),
          }
        const policy: Policy = { ...base, classes: { ...base.classes, [name]: one } }
        const hash = createHash('sha256').update(JSON.stringify(policy)).digest('hex')
        await applyPolicy(partition, policy, { hash, by })
        return { status: 'done', class: classes().find(one => one.name === name)! }
      }),
    pause: stop =>
      available(async () => {
        const paused = await pauseClass(partition, stop)
        if ('handedOver' in paused) return { status: 'paused', ...paused }
        return { status: paused.refused === 'stops.too-many' ? 'too-many' : 'unknown-class' }
      }),
    resume: stop =>
      available(async () => {
        const resumed = await resumeClass(partition, stop)
        runner.wake()
        if (resumed === 'done') return { status: 'done' }
        const stopped = classes().find(({ name }) => name === stop.class)
        return stopped ? { status: 'unknown-stop', stops: stopped.stops } : { status: 'unknown-class' }
      }),
    release: (id, by) =>
      available(async () => {
        const facts = partition.state.messages.get(id)?.facts
        if (facts && !canBeWritten(partition.state, facts)) return { status: 'refused', code: 'template.not-written' }
        return resolved({ type: 'ReleaseMessage', id: id as MessageId, by })
      }),
    discard: (id, by, reason) => available(() => resolved({ type: 'DiscardMessage', id: id as MessageId, by, reason })),
    erase: (account, by) => available(() => erase(deps, account, by)),
  }
}

/** A message from a template that was held unwritten has nothing in it until a version is approved that it can be written from. */
function canBeWritten({ templates }: Partition['state'], { template, class: className }: MessageFacts): boolean {
  if (!template || template.learnt || template.hash !== undefined) return true
  const { name, version } = template
  const meant = version === undefined ? templates.newestApproved(name) : templates.version({ template: name, version })
  return meant !== undefined && templates.approvalOf({ ...template, hash: meant.hash }, className) === 'approved'
}

async function erase(
  { partition, pool, keyring, register, carrier, audiences, traces }: OperatorDeps,
  account: string,
  by: string,
): Promise<void> {
  const subject: Hash64 = accountHash(keyring, account)
  await traces.expect()
  await forgetInAudiences(audiences, subject)
  const places = (upTo: number) => keyPlacesOf(register, pool, subject, upTo)
  await carrier.forget(await eraseSubject(partition, subject, { by, places }))
  await traces.remove().catch(error => {
    throw new Unavailable('what the database still has of the erased keys is not removed yet; ask again', {
      cause: error,
    })
  })
}

function healthPort(
  partition: Partition,
  probe: Pick<Probe, 'last'> | undefined,
): Pick<OperatorPort, 'health' | 'clearBrake'> {
  return {
    async health() {
      const last = probe?.last
      return { ...healthNow(partition.state), ...(last && { probe: last }) }
    },
    clearBrake: by =>
      available(async () => {
        const { type } = await act(partition, { type: 'ClearBrakeFault', by })
        return { status: type === 'refused' ? 'not-faulty' : 'done' }
      }),
  }
}

/** What cannot be done now is told as such. */
export async function available<T>(what: () => Promise<T>): Promise<T> {
  try {
    return await what()
  } catch (error) {
    if (error instanceof PartitionUnavailable || error instanceof StaleRegister)
      throw new Unavailable(error.message, { cause: error })
    throw error
  }
}
