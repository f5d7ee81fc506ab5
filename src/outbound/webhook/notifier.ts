import { createHash } from 'node:crypto'
import type pg from 'pg'
import { Counter, Gauge, type Registry } from 'prom-client'
import { Delivery, type DeliveryLimits, type DeliveryObserver, deliveryLimits, type Surroundings } from './delivery.ts'
import { type Following, type FollowLimits, follow, followLimits, type JournalReader } from './follower.ts'
import { type Endpoint, settleEndpoints } from './outbox.ts'
import type { WebhookEndpoint } from './send.ts'
import { type WebhookKeys, webhookSecretFault } from './sign.ts'

/**
 * Where changes of messages are told. `secret`: one `whsec_…` or `whsk_…`, or several separated by spaces, which sign side by side while they
 * are rotated. `allowPrivate`: also plain http, loopback and private addresses.
 */
export type Webhook = { url: string; secret: string; allowPrivate?: boolean }

export type Log = { info(fields: object, text: string): void; warn(fields: object, text: string): void }

export type NotifierOptions = {
  webhooks: readonly Webhook[]
  pool: pg.Pool
  journal: JournalReader
  partition: number
  log: Log
  metrics?: Registry
  limits?: Partial<DeliveryLimits & FollowLimits>
  surroundings?: Surroundings
}

/** `label` is the beginning of the address's hash: the address itself may hold a secret. */
export type EndpointFigures = { label: string; pending: number; disabled: boolean }

export type Notifier = {
  /** How far the journal was read. */
  position(): number
  endpoints(): EndpointFigures[]
  stop(): Promise<void>
}

const machine: Surroundings = { now: () => Date.now(), random: () => Math.random() }

/**
 * Tells webhooks of every change of a message's state (Standard Webhooks 1.0.0): at least once, under an id that stays the same, from the
 * moment on that an address is configured. An address that is no longer configured goes with all that waits for it. Throws when a secret
 * cannot be used, and what the database and the journal say.
 */
export async function startNotifier(options: NotifierOptions): Promise<Notifier> {
  const configured = byHash(options.webhooks)
  const { pool, journal, partition, log } = options
  const { position: head } = await journal.head(partition)
  const settled = await settleEndpoints(pool, { partition, urlHashes: [...configured.keys()], head })
  const figures = options.metrics && figuresIn(options.metrics)
  const limits = { ...deliveryLimits, ...followLimits, ...options.limits }
  const deliveries = new Map<number, Delivery>()
  for (const { number, urlHash } of settled.filter(isEnabled)) {
    const observer = observe(labelOf(urlHash), log, figures)
    const surroundings = options.surroundings ?? machine
    const endpoint = configured.get(urlHash)!
    deliveries.set(number, new Delivery({ pool, number, endpoint, limits, observer, surroundings }))
  }
  for (const endpoint of settled.filter(one => !isEnabled(one)))
    log.warn({ endpoint: labelOf(endpoint.urlHash) }, 'a webhook is off: its receiver has answered 410 Gone')

  const following =
    deliveries.size === 0
      ? undefined
      : await follow({
          pool,
          journal,
          partition,
          limits,
          added: rows => rows.forEach((count, number) => void deliveries.get(number)?.added(count)),
          isWanted: () => [...deliveries.values()].some(delivery => !delivery.isDisabled),
          failed: error => log.warn({ reason: messageOf(error) }, 'webhooks are behind'),
        })
  for (const delivery of deliveries.values()) delivery.start()
  const endpoints = () => settled.map(endpoint => figuresOf(endpoint, deliveries.get(endpoint.number)))
  figures?.watch(endpoints)
  return running(following, deliveries, endpoints, head)
}

function running(
  following: Following | undefined,
  deliveries: ReadonlyMap<number, Delivery>,
  endpoints: () => EndpointFigures[],
  head: number,
): Notifier {
  return {
    position: () => following?.position() ?? head,
    endpoints,
    async stop() {
      await following?.stop()
      await Promise.all([...deliveries.values()].map(delivery => delivery.stop()))
    },
  }
}

const isEnabled = (endpoint: Endpoint): boolean => endpoint.disabledAt === null

const figuresOf = ({ urlHash }: Endpoint, delivery: Delivery | undefined): EndpointFigures => ({
  label: labelOf(urlHash),
  pending: delivery?.pending ?? 0,
  disabled: delivery?.isDisabled ?? true,
})

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const labelOf = (urlHash: string): string => urlHash.slice(0, 12)

/** What the log, the metrics and the database know an address by. */
export const urlHashOf = (url: string): string => createHash('sha256').update(url).digest('hex')

function byHash(webhooks: readonly Webhook[]): Map<string, WebhookEndpoint> {
  return new Map(webhooks.map((webhook, index) => [urlHashOf(webhook.url), endpointOf(webhook, index)]))
}

function endpointOf({ url, secret, allowPrivate }: Webhook, index: number): WebhookEndpoint {
  const keys = keysOf(secret, index)
  return { url, keys, ...(allowPrivate && { allow: { http: true, loopback: true, private: true } }) }
}

function keysOf(secret: string, index: number): WebhookKeys {
  const secrets = secret.split(/\s+/).filter(one => one !== '')
  const fault = secrets.length === 0 ? 'secret-length' : secrets.map(webhookSecretFault).find(one => one !== undefined)
  if (fault !== undefined)
    throw new Error(
      `webhooks[${index}].secret cannot be used (${fault}): whsec_ and 24 to 64 bytes in base64, or whsk_ and an Ed25519 key, are expected`,
    )
  return {
    symmetric: secrets.filter(one => one.startsWith('whsec_')),
    asymmetric: secrets.filter(one => one.startsWith('whsk_')),
  }
}

function observe(label: string, log: Log, figures: Figures | undefined): DeliveryObserver {
  const endpoint = { endpoint: label }
  return {
    attempted: outcome => figures?.attempts.inc({ ...endpoint, outcome }),
    failing: reason => log.warn({ ...endpoint, reason }, 'a webhook cannot be delivered; it rests and is tried again'),
    recovered: () => log.info(endpoint, 'a webhook is delivered again'),
    gaveUp(rows, why) {
      figures?.givenUp.inc({ ...endpoint, why }, rows)
      log.warn({ ...endpoint, rows, why }, 'webhooks were given up')
    },
    disabled: () => log.warn(endpoint, 'a webhook is off: its receiver has answered 410 Gone'),
    faulted: error => log.warn({ ...endpoint, reason: messageOf(error) }, 'a webhook waits for the database'),
  }
}

type Figures = { attempts: Counter; givenUp: Counter; watch(endpoints: () => EndpointFigures[]): void }

function figuresIn(registry: Registry): Figures {
  const registers = [registry]
  return {
    attempts: new Counter({
      name: 'tocsin_webhook_attempts_total',
      help: 'Webhook requests, by endpoint and outcome',
      labelNames: ['endpoint', 'outcome'],
      registers,
    }),
    givenUp: new Counter({
      name: 'tocsin_webhook_given_up_total',
      help: 'Webhooks that were not delivered and never will be, by endpoint and why',
      labelNames: ['endpoint', 'why'],
      registers,
    }),
    watch(endpoints) {
      const gauge = (name: string, help: string, read: (figures: EndpointFigures) => number) =>
        new Gauge({
          name,
          help,
          labelNames: ['endpoint'],
          registers,
          collect() {
            for (const figures of endpoints()) this.set({ endpoint: figures.label }, read(figures))
          },
        })
      gauge('tocsin_webhook_pending', 'Webhooks that wait to be delivered', figures => figures.pending)
      gauge('tocsin_webhook_disabled', '1 once the receiver has answered 410 Gone', figures =>
        figures.disabled ? 1 : 0,
      )
    },
  }
}
