import type { Buffer } from 'node:buffer'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { Connection, type Hub, type Log, Memory, type Timeouts } from './connection.ts'
import { defaultDataLimits } from './data.ts'
import type { Envelope, OpenAddress, Reply } from './session.ts'

export type { Log, Timeouts } from './connection.ts'
export type { Envelope, Reply } from './session.ts'

/** PEM texts of a private key and of its certificate with the chain. */
export type Tls = { readonly key: string; readonly cert: string }

export type SmtpOptions<Client> = {
  host: string
  /** 0 for any free port. */
  port: number
  /** The name in the greeting. */
  hostname: string
  /** STARTTLS is offered with it only. */
  tls?: Tls | undefined
  maxBytes?: number | undefined
  connectionsMax?: number | undefined
  connectionsPerAddressMax?: number | undefined
  /** Mails in memory, over all connections, bytes. */
  inFlightBytesMax?: number | undefined
  timeouts?: Partial<Timeouts> | undefined
  /** The address that mail is taken for from anybody. */
  open?: OpenAddress<Client> | undefined
  /** The sender that a network address alone stands for. */
  trusted(address: string): Client | undefined
  /** Must take the same time for an unknown user as for a wrong password. A rejection is answered with 454. */
  authenticate(user: string, password: string): Promise<Client | undefined>
  /** Decides on a mail. Its reply is given when what it says is durable; a rejection is answered with 451 4.3.0. */
  accept(client: Client, envelope: Envelope, data: Buffer): Promise<Reply>
  log: Log
}

export type SmtpServer = {
  readonly port: number
  /** For new connections and later STARTTLS, as when a certificate was renewed. */
  useCertificate(tls: Tls): void
  /** Stops listening, tells idle clients, lets mails that were begun end; after `drainMs` cuts what is left. */
  close(drainMs: number): Promise<void>
}

const connectionsMaxDefault = 1000
const connectionsPerAddressMaxDefault = 200
const inFlightBytesMaxDefault = 256 * 1024 * 1024
const defaultTimeouts: Timeouts = { commandMs: 300_000, dataMs: 180_000, mailMs: 600_000 }
const watchEveryMsMax = 1000
const backlogMax = 1024

/**
 * Listens for mail. Fails with an Error whose `code` is 'port-in-use', 'port-not-allowed' or 'address-not-available' and whose message names the
 * setting; other faults of the system come as they are.
 */
export async function startSmtp<Client>(options: SmtpOptions<Client>): Promise<SmtpServer> {
  const hub = hubOf(options)
  const connections = new Set<Connection<Client>>()
  const perAddress = new Map<string, number>()
  const connectionsMax = options.connectionsMax ?? connectionsMaxDefault
  const perAddressMax = options.connectionsPerAddressMax ?? connectionsPerAddressMaxDefault

  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, socket => {
    const address = plainAddress(socket.remoteAddress)
    if (address === undefined) return void socket.destroy()
    const ofAddress = perAddress.get(address) ?? 0
    if (connections.size >= connectionsMax || ofAddress >= perAddressMax) return turnAway(socket)
    const connection = new Connection(hub, socket, address)
    connections.add(connection)
    perAddress.set(address, ofAddress + 1)
    socket.once('close', () => {
      connections.delete(connection)
      const left = perAddress.get(address)! - 1
      if (left === 0) perAddress.delete(address)
      else perAddress.set(address, left)
    })
  })
  await listen(server, options.host, options.port)
  // A connection dropped by the system before we saw it, or file descriptors running out: the next one may work.
  server.on('error', error => hub.log.warn({ error }, 'the SMTP listener had a fault'))

  const { commandMs, dataMs, mailMs } = hub.timeouts
  const everyMs = Math.min(watchEveryMsMax, commandMs / 4, dataMs / 4, mailMs / 4)
  const watch = setInterval(() => {
    const now = performance.now()
    for (const connection of connections) connection.expire(now)
  }, everyMs)
  watch.unref()

  return {
    port: (server.address() as AddressInfo).port,
    useCertificate(tls) {
      hub.secureContext = createSecureContext(tls)
    },
    async close(drainMs) {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const connection of connections) connection.drain()
      const cut = setTimeout(() => {
        for (const connection of connections) connection.destroy()
      }, drainMs)
      await closed
      clearTimeout(cut)
      clearInterval(watch)
    },
  }
}

function hubOf<Client>(options: SmtpOptions<Client>): Hub<Client> {
  return {
    hostname: options.hostname,
    limits: { ...defaultDataLimits, mailBytesMax: options.maxBytes ?? defaultDataLimits.mailBytesMax },
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    memory: new Memory(options.inFlightBytesMax ?? inFlightBytesMaxDefault),
    log: options.log,
    secureContext: options.tls === undefined ? undefined : createSecureContext(options.tls),
    open: options.open,
    trusted: address => options.trusted(address),
    authenticate: (user, password) => options.authenticate(user, password),
    accept: (client, envelope, data) => options.accept(client, envelope, data),
  }
}

// An IPv4 client of a socket that listens on IPv6 shows as ::ffff:a.b.c.d.
function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}

function turnAway(socket: Socket): void {
  socket.on('error', () => {})
  socket.end('421 4.7.0 Too many connections, try again later\r\n', () => socket.destroy())
}

const listenFaults: Record<string, readonly [code: string, text: string]> = {
  EADDRINUSE: ['port-in-use', 'is taken by another program: stop it, or set TOCSIN_SMTP_PORT to a free port'],
  EACCES: ['port-not-allowed', 'is not open to this user: set TOCSIN_SMTP_PORT to a port above 1023'],
  EADDRNOTAVAIL: ['address-not-available', 'is not on an address of this machine: set TOCSIN_HOST to one that is'],
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const known = listenFaults[error.code ?? '']
      if (known === undefined) return reject(error)
      reject(Object.assign(new Error(`SMTP port ${port} on ${host} ${known[1]}`), { code: known[0] }))
    })
    server.listen({ host, port, backlog: backlogMax }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}
