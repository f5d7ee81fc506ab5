import { randomBytes } from 'node:crypto'
import { chmod, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import type pino from 'pino'
import { Registry } from 'prom-client'
import type { OwnKey } from './authenticity/signature.ts'
import type { Verifier } from './authenticity/verify.ts'
import { campaignPort } from './campaign-port.ts'
import type { Config } from './config.ts'
import type { MessageId } from './core/events.ts'
import { commandLine } from './core/people.ts'
import { fromConfig } from './core/state.ts'
import { openDomainWatch } from './domain-port.ts'
import { resolverDns } from './domains/resolver.ts'
import type { DomainWatch } from './domains/watch.ts'
import { logAlarms } from './engine/alarm-log.ts'
import { CampaignVault } from './engine/campaign-vault.ts'
import { pack } from './engine/content.ts'
import { Feeder } from './engine/feeder.ts'
import { encrypt, type Keyring, masterKeyFile, openKeyring, randomInto } from './engine/keyring.ts'
import { engineMetrics, probeMeasure } from './engine/metrics.ts'
import { applyPolicy } from './engine/operator.ts'
import { Partition, type PartitionOptions, PartitionUnavailable, type Submission } from './engine/partition.ts'
import { Probe, type ProbeOptions } from './engine/probe.ts'
import { ProposalRunner } from './engine/proposals.ts'
import { Sealer } from './engine/sealer.ts'
import { machine } from './engine/surroundings.ts'
import { findingsPort } from './findings-port.ts'
import { buildHttp } from './inbound/http/server.ts'
import { type Application, type Intake, Unavailable } from './inbound/intake.ts'
import { type Generated, type Key, type Keys, openKeys } from './inbound/keys.ts'
import { openIntake } from './inbound/requests.ts'
import { mailAcceptance } from './inbound/smtp/accept.ts'
import { loadCertificate } from './inbound/smtp/certificate.ts'
import { reportAcceptance, reporter } from './inbound/smtp/reports.ts'
import { type SmtpOptions, type SmtpServer, startSmtp } from './inbound/smtp/server.ts'
import { openDataDir } from './journal/data-dir.ts'
import { postgresCampaigns } from './journal/postgres/campaign-store.ts'
import { startEmbedded } from './journal/postgres/embedded.ts'
import { checkInstallation } from './journal/postgres/installation.ts'
import { PostgresJournal } from './journal/postgres/journal.ts'
import { migrate } from './journal/postgres/migrate.ts'
import { checkServer } from './journal/postgres/server.ts'
import { removeTraces, Traces } from './journal/postgres/traces.ts'
import { openLedgerKeys } from './ledger/keys.ts'
import { LedgerPublisher } from './ledger/publish.ts'
import { LedgerStore } from './ledger/store.ts'
import type { LedgerWork } from './ledger.worker.ts'
import { ledgerPort } from './ledger-port.ts'
import { operatorPort } from './operator-port.ts'
import { type OpenCarrier, openCarrier } from './outbound/carrier.ts'
import { type Composing, mailDelivery } from './outbound/deliver.ts'
import { DkimSigner } from './outbound/email/dkim.ts'
import { startNotifier } from './outbound/webhook/notifier.ts'
import { ProofPool } from './proof/pool.ts'
import { isInert } from './proof/values.ts'
import { ofCampaign, type ProofPortOptions, proofPort } from './proof-port.ts'
import type { RegisterWork } from './register.worker.ts'
import { reportDesk } from './report-port.ts'
import { type OpenSkeletons, openSkeletons } from './skeleton-port.ts'
import type { Mailbox, NamedMailbox } from './std/mailbox.ts'
import { uuidv7 } from './std/uuid.ts'
import { templatePort } from './template-port.ts'
import { type OpenTemplates, openTemplates } from './template-writer.ts'
import { verifierOf, verifyPort } from './verify-port.ts'
import { followApart } from './views/follow-apart.ts'
import { type Standing, standingsOf } from './views/places.ts'
import { type Follower, openRegister, type Register } from './views/register.ts'

/** The one partition of a machine. */
const partitionNumber = 0

export type Running = {
  httpUrl: string
  smtpPort: number
  /** Keys made on this start, in plain; shown once. */
  generated: Generated
  database: string
  stop(): Promise<void>
}

/** How long a stop waits for what is under way. */
const drainMsMax = 10_000

/**
 * Puts everything together and starts it, the journal first and the doors last; a stop goes the other way. Throws `StartupFault`, `KeyFault`
 * and what the listeners say.
 */
export async function start(config: Config, log: pino.Logger): Promise<Running> {
  const undo = new Undo()
  try {
    return await startAll(config, log, undo)
  } catch (error) {
    await undo.all()
    throw error
  }
}

async function startAll(config: Config, log: pino.Logger, undo: Undo): Promise<Running> {
  const metrics = new Registry()
  const stores = await openStores(config, log, undo)
  const carrier = await openCarrier(config, metrics)
  undo.later(() => carrier.close())
  const templates = openTemplates(stores, undo)
  const { partition, runner, listen } = await openPartition(
    config,
    { ...stores, carrier, templates, metrics, log },
    undo,
  )
  templates.follow(partition)
  const skeletons = await openSkeletons({ ...stores, log }, undo)
  await skeletons.follow(partition)
  await templates.bringBuiltIn()
  const probe = openProbe(config, { ...stores, partition, listen, log, measured: probeMeasure(metrics) }, undo)
  // Two threads that need nothing of each other. When one does not start, the other one is there to be ended.
  const views = openViews(config, { ...stores, metrics, log }, undo)
  const ledgers = openLedger(config, { ...stores, partition, log }, undo)
  await Promise.allSettled([views, ledgers])
  const [register, ledger] = [await views, await ledgers]
  const proof = openProof(config, { partition, keyring: stores.keyring, templates, skeletons, log }, undo)
  const ours = gateway(config, { ...stores, partition, register, templates, prove: proofPort(proof), log })
  templates.proveWith(async (message, name) => (await ours.prove([ofCampaign(message, name)]))[0]!)
  const audiences = openAudiences(config, { ...stores, partition, ours, templates, listen, log }, undo)
  const domains = await openDomainWatch(config, { ...stores, partition, metrics, log }, undo)
  const ready = { ours, audiences, templates, skeletons, domains, proof }
  const running = { carrier, partition, runner, probe, register, ledger, ...ready }
  const inside = { ...stores, ...running, metrics, log }
  const doors = await openDoors(config, inside, undo)
  return { ...doors, database: stores.database.name, stop: () => undo.all() }
}

/** `isOurs`: an embedded server, whose log is for us to keep. */
type Database = { config: pg.ClientConfig; name: string; isOurs: boolean }
type Stores = { database: Database; journal: PostgresJournal; pool: pg.Pool; keyring: Keyring; traces: Traces }
type Common = Stores & { metrics: Registry; log: pino.Logger }

async function openStores(config: Config, log: pino.Logger, undo: Undo): Promise<Stores> {
  const database = await openDatabase(config, log, undo)
  await migrate(database.config)
  const keyring = openKeyring(config.dataDir)
  await checkInstallation(database.config, keyring.check, { keyFile: masterKeyFile(config.dataDir) })
  // Pools say that they have ended before their connections have, so that the last of them may hear of the server's stop.
  const onLost = ({ message }: Error) =>
    undo.isUnderWay || log.warn({ reason: message }, 'a database connection was lost')
  const journal = new PostgresJournal(database.config, { onLost })
  undo.later(() => journal.close())
  // With the journal's six, two of each of both threads, one for traces, and one that just ends: at most 16 (test/connections.test.ts).
  const pool = new pg.Pool({ ...database.config, max: 4 })
  pool.on('error', onLost)
  undo.later(() => pool.end())
  return { database, journal, pool, keyring, traces: openTraces(config, database, log) }
}

/** What an erasure leaves in the files of the database; what a crash has left over is removed now. */
function openTraces({ dataDir }: Config, { config, isOurs }: Database, log: pino.Logger): Traces {
  const traces = new Traces(dataDir, () => removeTraces(config, { ownServer: isOurs }))
  const failed = (error: unknown) => log.error({ reason: messageOf(error) }, 'traces of erased keys were not removed')
  if (traces.isDue) traces.remove().catch(failed)
  return traces
}

/** The sender of what names none, until TOCSIN_FROM says another. */
const senderOfLastResort: NamedMailbox = {
  name: 'Tocsin',
  mailbox: { local: 'security', domain: 'localhost', address: 'security@localhost' },
}

/** How mails are made, when they leave and when somebody asks what had left. */
const composing = (config: Config, { code }: Keyring, { writeLate }: OpenTemplates): Composing => {
  const { hostname, from = senderOfLastResort } = config
  return { from, hostname, code, write: writeLate }
}

async function openPartition(
  config: Config,
  { journal, keyring, carrier, templates, metrics, log }: Common & { carrier: OpenCarrier; templates: OpenTemplates },
  undo: Undo,
) {
  const { window } = config
  const signer = await openSigner(config, undo)
  const keepsProbes = config.probe.recipient === undefined
  const deliver = mailDelivery({
    ...composing(config, keyring, templates),
    ...{ carrier, keepsProbes },
    ...(signer && { signer }),
  })
  const { appended, watch } = engineMetrics(metrics)
  const listeners: NonNullable<PartitionOptions['onAppended']>[] = [appended, ({ events }) => logAlarms(log, events)]
  const surroundings = machine
  const partition = await Partition.open({
    partition: partitionNumber,
    journal,
    keyring,
    deliver,
    window,
    surroundings,
    log,
    onAppended: batch => {
      for (const heard of listeners) heard(batch)
    },
  })
  undo.later(() => partition.stop(drainMsMax))
  watch(partition)
  await applyPolicy(partition, config.policy, { hash: config.policyHash, by: fromConfig })
  const failed = (error: unknown) => log.error({ reason: messageOf(error) }, 'what was approved is not carried out')
  const runner = new ProposalRunner({ partition, surroundings, failed })
  undo.later(() => runner.stop())
  const listen = (heard: (typeof listeners)[number]) => void listeners.push(heard)
  return { partition, runner, listen }
}

/** What campaigns say and to whom, and what sends it. It ends before the partition does. */
function openAudiences(
  config: Config,
  {
    partition,
    ours,
    listen,
    pool,
    keyring,
    templates,
    log,
  }: Stores & { ours: Gateway; templates: OpenTemplates; log: pino.Logger } & Pick<Opened, 'partition' | 'listen'>,
  undo: Undo,
) {
  const vault = new CampaignVault(postgresCampaigns(pool), keyring)
  const { newId, seal } = ours
  const appendCode = config.application.appendCode ?? false
  const feeder = new Feeder({
    partition: () => partition,
    vault,
    newId,
    seal,
    prove: (messages, className) => ours.prove(messages.map(message => ofCampaign(message, className))),
    write: ({ id, ...message }, wanted) => templates.write({ ...message, code: keyring.code(id) }, wanted),
    appendCode,
    surroundings: machine,
    log,
  })
  undo.later(() => feeder.stop())
  listen(() => feeder.wake())
  feeder.wake()
  return { vault, feeder }
}

/** What follows the journal: the register, and the webhooks that tell of it. */
async function openViews(
  { webhooks }: Config,
  { database, journal, pool, keyring, metrics, log }: Common,
  undo: Undo,
): Promise<Register> {
  const register = openRegister(pool, { follower: registerFollower(database.config, keyring, log) })
  undo.later(() => register.stop())
  await register.follow(journal, partitionNumber)
  // Also without webhooks: the rows of those that were removed go.
  const notifier = await startNotifier({ webhooks, pool, journal, partition: partitionNumber, log, metrics })
  undo.later(() => notifier.stop())
  return register
}

/** The register's log: sealed on the clock, made from the journal in a thread of its own, which nothing waits for. */
async function openLedger(
  { dataDir, ledger, hostname }: Config,
  { database, journal, pool, partition, log }: Stores & { partition: Partition; log: pino.Logger },
  undo: Undo,
): Promise<LedgerPublisher> {
  const { origin: asked, everyMs } = ledger
  openLedgerKeys(dataDir, { otherwise: `${hostname}/ledger`, now: Date.now(), ...(asked !== undefined && { asked }) })
  const failed = (error: unknown) => log.warn({ reason: messageOf(error) }, 'the log of the register is behind')
  const workerData: LedgerWork = { database: database.config, partition: partitionNumber, dataDir }
  const resourceLimits = { maxYoungGenerationSizeMb: 16 }
  const thread = () => new Worker(new URL('./ledger.worker.ts', import.meta.url), { workerData, resourceLimits })
  const following = await followApart(thread, { failed })
  undo.later(() => following.stop())
  const sealer = new Sealer({
    everyMs,
    submit: submissions => partition.submit(submissions),
    now: () => partition.now(),
    sealedAt: () => partition.state.register.sealedAt,
    surroundings: machine,
    log,
  })
  undo.later(() => sealer.stop())
  return new LedgerPublisher(new LedgerStore(pool, partitionNumber), journal)
}

type Opened = Awaited<ReturnType<typeof openPartition>>
type Gateway = ReturnType<typeof gateway>
type Inside = Common &
  Pick<Opened, 'partition' | 'runner'> & {
    carrier: OpenCarrier
    register: Register
    ledger: LedgerPublisher
    probe: Probe
    ours: Gateway
    audiences: ReturnType<typeof openAudiences>
    templates: OpenTemplates
    domains: DomainWatch
    skeletons: OpenSkeletons
    proof: ProofPortOptions
  }

/** Whoever got a mail and asks about it. */
const openVerification = async (config: Config, { pool, keyring, register, partition, templates }: Inside) =>
  verifierOf({
    ...{ pool, keyring, register, partition },
    composing: composing(config, keyring, templates),
    keys: [...(await readDkimKeys(config.dkim)), ...(await readRetiredKeys(config.dkimRetired))],
  })

/** SMTP and HTTP, last: what they let in finds everything ready. */
async function openDoors(config: Config, inside: Inside, undo: Undo) {
  const {
    partition,
    runner,
    probe,
    pool,
    keyring,
    traces,
    register,
    ledger,
    carrier,
    ours,
    audiences,
    templates,
    domains,
    skeletons,
    metrics,
    log,
  } = inside
  const { keys, generated } = await openKeys({
    dataDir: config.dataDir,
    env: config.keys,
    operators: config.operators,
  })
  const intake = openIntake(ours)
  const verifier = await openVerification(config, inside)
  const reports = openReports(config, { partition, intake, verifier }, undo)
  const smtp = await openSmtp(config, { partition, skeletons, keys, intake, reports, log }, undo)
  const attached = await attachment(config, keys)
  const { findings } = findingsPort({ partition, library: templates.library, proof: inside.proof })
  const http = await buildHttp({
    intake,
    register,
    operator: operatorPort({ partition, pool, keyring, traces, register, carrier, runner, probe, audiences, findings }),
    campaigns: campaignPort({ config, partition, ...audiences, templates, keyring, pool, register, newId: ours.newId }),
    verify: verifyPort(config, verifier),
    templates: templatePort({ config, partition, ...templates, looks: skeletons, isInert }),
    keys: attached.keys,
    ledger: ledgerPort(ledger, register),
    domains,
    metrics,
    ready: () => (partition.isOpen ? { ok: true } : { ok: false, why: 'the journal cannot be written' }),
    ...(carrier.mailbox && { mailbox: carrier.mailbox }),
    log,
  })
  const httpUrl = await http.listen({ host: config.host, port: config.httpPort }).catch(error => {
    throw portFault(error, 'TOCSIN_HTTP_PORT', config.httpPort)
  })
  undo.later(() => http.close())
  await attached.write(httpUrl)
  return { httpUrl, smtpPort: smtp.port, generated }
}

/** The register is written in a thread of its own: projecting a message takes 8 µs and 4 KB of garbage, a fifth of what deciding it takes. */
function registerFollower(database: pg.ClientConfig, { codeKey }: Keyring, log: pino.Logger): Follower {
  const failed = (error: unknown) => log.warn({ reason: messageOf(error) }, 'the register is behind')
  return partition => {
    const workerData: RegisterWork = { database, partition, codeKey }
    const resourceLimits = { maxYoungGenerationSizeMb: 48 }
    const start = () => new Worker(new URL('./register.worker.ts', import.meta.url), { workerData, resourceLimits })
    return followApart(start, { failed })
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What was started, to be ended in the opposite order. */
class Undo {
  readonly #steps: (() => Promise<unknown> | unknown)[] = []
  isUnderWay = false

  later(step: () => Promise<unknown> | unknown): void {
    this.#steps.push(step)
  }

  async all(): Promise<void> {
    this.isUnderWay = true
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) await step()
  }
}

async function openDatabase(config: Config, log: pino.Logger, undo: Undo): Promise<Database> {
  if (config.databaseUrl) {
    const lock = await openDataDir(config.dataDir)
    undo.later(() => lock.release())
    const { version } = await checkServer(config.databaseUrl)
    return {
      config: { connectionString: config.databaseUrl },
      name: `PostgreSQL ${version} at DATABASE_URL`,
      isOurs: false,
    }
  }
  const server = await startEmbedded({ dataDir: config.dataDir, log })
  undo.later(() => server.stop())
  return { config: server.config, name: `PostgreSQL ${server.version}, embedded`, isOurs: true }
}

const readDkimKeys = (settings: Config['dkim']): Promise<OwnKey[]> =>
  Promise.all(
    settings.map(async ({ domain, selector, keyFile }) => ({
      domain,
      selector,
      privateKey: await readFile(keyFile, 'utf8'),
    })),
  )

const readRetiredKeys = async (settings: Config['dkim']): Promise<OwnKey[]> =>
  (await readDkimKeys(settings)).map(key => ({ ...key, retired: true }))

async function openSigner(config: Config, undo: Undo): Promise<DkimSigner | undefined> {
  if (config.dkim.length === 0) return undefined
  const keys = await readDkimKeys(config.dkim)
  const signer = new DkimSigner({ keys })
  undo.later(() => signer.close())
  return signer
}

function idsOf(partition: Partition): () => MessageId {
  let counter = 0
  const tail = new Uint8Array(8)
  return () => {
    randomInto(tail)
    return uuidv7(partition.now(), counter++ & 0xfff, tail) as MessageId
  }
}

/** Encrypts a content under the key of its person. */
const sealing =
  (partition: Partition) =>
  (id: MessageId, subject: Parameters<Partition['subjectKey']>[0], content: Parameters<typeof pack>[0]) => {
    const { plaintext, commitment, digest } = pack(content)
    const key = partition.subjectKey(subject)
    return { commitment, digest, sealed: { bytes: encrypt(key.key, plaintext, id), key, content } }
  }

/** The message of our own that goes the whole way each minute. */
function openProbe(
  config: Config,
  {
    partition,
    keyring,
    listen,
    log,
    measured,
  }: Pick<ProbeOptions, 'log' | 'measured'> & Pick<Opened, 'partition' | 'listen'> & { keyring: Keyring },
  undo: Undo,
): Probe {
  const probe = new Probe({
    ...config.probe,
    newId: idsOf(partition),
    hash: keyring.hash,
    seal: sealing(partition),
    submit: submissions => partition.submit(submissions),
    now: () => partition.now(),
    surroundings: machine,
    log,
    measured,
  })
  undo.later(() => probe.stop())
  listen(batch => probe.appended(batch))
  return probe
}

type Prove = ReturnType<typeof proofPort>

/** What looks at the bytes of messages, and the threads that it has for large ones. */
function openProof(
  config: Config,
  {
    partition,
    keyring,
    templates,
    skeletons,
    log,
  }: Pick<Inside, 'partition' | 'keyring' | 'templates' | 'skeletons' | 'log'>,
  undo: Undo,
): ProofPortOptions {
  const pool = new ProofPool({ lost: why => log.warn({ why }, 'a message could not be taken apart in time') })
  pool.start()
  undo.later(() => pool.close())
  const sender = config.from?.mailbox
  return {
    pool,
    policy: () => partition.state.policy,
    code: keyring.code,
    compiled: hash => templates.library.at(hash),
    looks: skeletons,
    hash: keyring.hash,
    ...(sender && { sender }),
  }
}

/** The engine's side of the intake: ids, hashes, sealing, and the way into the partition. */
function gateway(
  config: Config,
  {
    partition,
    keyring,
    register,
    pool,
    templates,
    prove,
    log,
  }: Pick<Inside, 'partition' | 'keyring' | 'register' | 'pool' | 'templates' | 'log'> & { prove: Prove },
) {
  return {
    write: templates.write,
    newId: idsOf(partition),
    hash: keyring.hash,
    code: keyring.code,
    isAllowListed: config.isAllowListed,
    // A report that does not know where its message stood is worth more than none.
    standingsOf: (ids: MessageId[]) =>
      standingsOf(register, pool, ids).catch((error: unknown) => {
        log.warn({ reason: messageOf(error) }, 'where reported messages stood could not be looked up')
        return new Map<MessageId, Standing>()
      }),
    senderOf: (id: MessageId) => partition.state.messages.get(id)?.facts.application,
    seal: sealing(partition),
    prove,
    async submit(submissions: Submission[]) {
      try {
        return await partition.submit(submissions)
      } catch (error) {
        if (error instanceof PartitionUnavailable) throw new Unavailable(error.message, { cause: error })
        throw error
      }
    },
  }
}

/** The address that anybody may forward a mail to; absent where the configuration names none. */
function openReports(
  { report, hostname, application, dns: { servers } }: Config,
  { partition, intake, verifier }: { partition: Partition; intake: Intake; verifier: Verifier },
  undo: Undo,
): (SmtpOptions<Application>['open'] & { accept: ReturnType<typeof reportAcceptance> }) | undefined {
  if (!report) return undefined
  const { address } = report
  const dns = resolverDns(servers ? { servers } : {})
  undo.later(() => dns.cancel())
  const now = () => partition.now()
  const accept = reportAcceptance(reportDesk({ address, hostname, application, intake, verifier, dns, now }))
  const is = (mailbox: Mailbox) => mailbox.address.toLowerCase() === address.address.toLowerCase()
  return { is, client: reporter, mailBytesMax: reportBytesMax, accept }
}

/** A mail that is attached to another. */
const reportBytesMax = 2 * 1024 * 1024

async function openSmtp(
  config: Config,
  {
    partition,
    skeletons,
    keys,
    intake,
    log,
    reports,
  }: Pick<Inside, 'partition' | 'skeletons' | 'log'> & {
    keys: Keys
    intake: Intake
    reports: ReturnType<typeof openReports>
  },
  undo: Undo,
): Promise<SmtpServer> {
  const { hostname, tls, dataDir } = config
  const paths = tls && { key: tls.keyFile, cert: tls.certFile }
  const certificate = await loadCertificate({
    directory: join(dataDir, 'keys'),
    hostname,
    now: Date.now(),
    ...(paths && { paths }),
  })
  const knowsClass = (name: string) => Object.hasOwn(partition.state.policy.classes, name)
  const accept = mailAcceptance({ intake, knowsClass, classOf: skeletons.classOf })
  const smtp = await startSmtp<Application>({
    host: config.host,
    port: config.smtpPort,
    hostname,
    tls: certificate,
    trusted: config.trusted,
    authenticate: async (user, password) => bound(config, await keys.smtp(user, password)),
    open: reports,
    accept: (client, envelope, data) =>
      client === reporter ? reports!.accept(envelope, data) : accept(client, envelope, data),
    log,
  })
  undo.later(() => smtp.close(drainMsMax))
  return smtp
}

/** The configuration says what the first application may do; its key only says that it is the one. */
const bound = (config: Config, application: Application | undefined): Application | undefined =>
  application?.name === config.application.name ? config.application : application

/**
 * Commands attach to the running Tocsin of a data directory by a file that only its owner can read: where it listens, and a key of this
 * start that may do what an operator and the first application may.
 */
async function attachment(config: Config, keys: Keys): Promise<{ keys: Keys; write(url: string): Promise<void> }> {
  const token = `tocsin_attach_${randomBytes(24).toString('hex')}`
  const key: Key = { name: commandLine, application: config.application, scopes: ['send', 'read', 'operate'] }
  return {
    keys: {
      ...keys,
      bearer: given => {
        if (given === token) return key
        const found = keys.bearer(given)
        return found?.application ? { ...found, application: bound(config, found.application)! } : found
      },
    },
    async write(url) {
      const path = join(config.dataDir, 'attach.json')
      await writeFile(`${path}.new`, JSON.stringify({ url, token, pid: process.pid }), { mode: 0o600 })
      await chmod(`${path}.new`, 0o600)
      await rename(`${path}.new`, path)
    },
  }
}

function portFault(error: NodeJS.ErrnoException, setting: string, port: number): Error {
  const found = listenFaults[error.code ?? '']
  if (!found) return error
  const fault = new Error(`port ${port} ${found.text}, or set ${setting} to another port.`)
  return Object.assign(fault, { code: found.code, cause: error })
}

const listenFaults: Record<string, { code: string; text: string }> = {
  EADDRINUSE: { code: 'port-in-use', text: 'is in use by another program. End it' },
  EACCES: { code: 'port-not-allowed', text: 'may only be used with more rights than this user has. Give them' },
}
