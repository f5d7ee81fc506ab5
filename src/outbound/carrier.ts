import { join } from 'node:path'
import { Gauge, type Registry } from 'prom-client'
import type { Carrier } from './deliver.ts'
import { EmailPool } from './email/pool.ts'
import type { Upstream } from './email/upstream.ts'
import { renderMailbox } from './mailbox/render.ts'
import { LocalMailbox } from './mailbox/store.ts'

export type OpenCarrier = Carrier & {
  /** The pages of the local mailbox, where mail is kept locally. */
  mailbox?: { render: ReturnType<typeof renderMailbox> }
  /** Mails of these messages that are still here go; what was handed over is not ours to take back. */
  forget(ids: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** Mail goes to SMTP upstreams or stays in the local mailbox. */
export async function openCarrier(
  { upstreams, dataDir }: { upstreams: 'mailbox' | Upstream[]; dataDir: string },
  registry: Registry,
): Promise<OpenCarrier> {
  return upstreams === 'mailbox' ? localCarrier(dataDir) : smtpCarrier(upstreams, registry)
}

async function localCarrier(dataDir: string): Promise<OpenCarrier> {
  const store = await LocalMailbox.open(join(dataDir, 'mailbox'))
  return {
    knows: upstream => upstream === 'mailbox',
    send: async (_upstream, mail) =>
      mail.mayLeave && !mail.mayLeave() ? { status: 'withdrawn' } : store.put(mail, Date.now()),
    mailbox: { render: renderMailbox(store) },
    forget: ids => store.remove(ids),
    close: async () => {},
  }
}

function smtpCarrier(upstreams: Upstream[], registry: Registry): OpenCarrier {
  const pool = new EmailPool({ upstreams })
  new Gauge({
    name: 'tocsin_upstream_up',
    help: 'Whether an upstream takes connections: 1, or 0 while it is left alone after a failure',
    labelNames: ['upstream'],
    registers: [registry],
    collect() {
      for (const { id, status } of pool.health()) this.set({ upstream: id }, status === 'down' ? 0 : 1)
    },
  })
  return {
    knows: upstream => upstreams.some(({ id }) => id === upstream),
    send: (upstream, mail) => pool.send(upstream, mail),
    forget: async () => {},
    close: () => pool.drain(),
  }
}
