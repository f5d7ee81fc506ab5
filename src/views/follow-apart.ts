import type { Worker } from 'node:worker_threads'
import { type Following, followDefaults, Progress } from './follow.ts'

// The near side of a register that is written in another thread. What it shows is in the database; only how far it is comes over the port.

export type FollowRequest = 'wake' | 'stop'
export type FollowReport = { position: number } | { failed: string }

export type ApartOptions = {
  failed(error: unknown): void
  /** Before a worker that has died is replaced, ms. */
  retryMs?: number
  /** A worker that has not ended by then is ended, ms. Its stretch rolls back and is read again on the next start. */
  stopMsMax?: number
}

/**
 * Follows in the worker that `start` gives, and in a new one whenever it dies; the cursor is in the database, so it goes on where the last
 * commit was. Rejects when the first worker dies before it has begun.
 */
export async function followApart(
  start: () => Worker,
  { failed, retryMs = followDefaults.retryMs, stopMsMax = 5000 }: ApartOptions,
): Promise<Following> {
  const progress = new Progress(0)
  let stopped = false
  let worker: Worker | undefined
  let retry: NodeJS.Timeout | undefined

  /** Resolves with the first position; after that, deaths are reported and mended. */
  function run(): Promise<void> {
    const begun = Promise.withResolvers<void>()
    const mine = start()
    worker = mine
    mine.on('message', (report: FollowReport) => {
      if ('failed' in report) return failed(new Error(report.failed))
      progress.moveTo(report.position)
      begun.resolve()
    })
    mine.on('error', error => {
      begun.reject(error)
      failed(error)
    })
    mine.on('exit', () => {
      worker = undefined
      begun.reject(new Error('the thread of the register has ended'))
      if (!stopped) retry = setTimeout(() => void run().catch(() => {}), retryMs)
    })
    return begun.promise
  }

  try {
    await run()
  } catch (error) {
    stopped = true
    clearTimeout(retry)
    throw error
  }
  const ask = (request: FollowRequest) => worker?.postMessage(request)
  return {
    position: () => progress.position,
    wake: () => ask('wake'),
    reached(wanted, waitMsMax) {
      if (progress.position < wanted) ask('wake')
      return progress.reached(wanted, waitMsMax)
    },
    async stop() {
      stopped = true
      clearTimeout(retry)
      const ending = worker
      if (!ending) return
      const ended = new Promise(resolve => void ending.once('exit', resolve))
      const late = setTimeout(() => void ending.terminate(), stopMsMax)
      ending.postMessage('stop' satisfies FollowRequest)
      await ended
      clearTimeout(late)
    },
  }
}
