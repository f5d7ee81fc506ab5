import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { followApart } from './follow-apart.ts'

const waitMsMax = 5000

/** A thread that says each of `positions` on a wake of its own, dies on the wake after, and ends when it is told to stop. */
const thread = (positions: number[]) =>
  new Worker(
    `const { parentPort, workerData: positions } = require('node:worker_threads')
    const tell = () => parentPort.postMessage({ position: positions.shift() })
    tell()
    parentPort.on('message', request => {
      if (request === 'stop') return parentPort.close()
      if (positions.length === 0) throw new Error('the thread dies')
      tell()
    })`,
    { eval: true, workerData: positions },
  )

describe('a register that is written in another thread', () => {
  it('starts where the thread begins, and is told of every step', async () => {
    const following = await followApart(() => thread([3, 4]), { failed: () => {} })
    expect(following.position()).toBe(3)
    expect(await following.reached(3, waitMsMax)).toBe(true)
    expect(await following.reached(4, waitMsMax)).toBe(true)
    await following.stop()
  })

  it('says when a position was not reached in time', async () => {
    const following = await followApart(() => thread([3, 4]), { failed: () => {} })
    expect(await following.reached(5, 1)).toBe(false)
    await following.stop()
  })

  it('replaces a thread that has died, and says so', async () => {
    const lives = [[1], [2, 7]]
    const reports: string[] = []
    const start = () => thread(lives.shift() ?? [])
    const following = await followApart(start, { failed: error => reports.push(`${error}`), retryMs: 1 })
    const second = following.reached(2, waitMsMax)
    expect(await second).toBe(true)
    expect(reports).toEqual(['Error: the thread dies'])
    expect(await following.reached(7, waitMsMax)).toBe(true)
    await following.stop()
    expect(lives).toEqual([])
  })

  it('does not begin with a thread that dies at once, and starts no other', async () => {
    let starts = 0
    const dying = () => {
      starts++
      return new Worker(`throw new Error('no database')`, { eval: true })
    }
    await expect(followApart(dying, { failed: () => {}, retryMs: 1 })).rejects.toThrow('no database')
    expect(starts).toBe(1)
  })

  it('ends a thread that does not stop by itself', async () => {
    const deaf = () =>
      new Worker(
        `const { parentPort } = require('node:worker_threads')
        parentPort.on('message', () => {})
        parentPort.postMessage({ position: 1 })`,
        { eval: true },
      )
    const following = await followApart(deaf, { failed: () => {}, stopMsMax: 1 })
    await following.stop()
    expect(following.position()).toBe(1)
  })
})
