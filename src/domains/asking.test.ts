import { describe, expect, it } from 'vitest'
import { Asking } from './asking.ts'
import type { Dns } from './dns.ts'
import { zoneDns } from './test-zone.ts'

const never: Dns = {
  ...zoneDns({}),
  txt: () => new Promise(() => {}),
  mx: () => new Promise(() => {}),
}

describe('asking', () => {
  it('asks nothing twice, in whatever case', async () => {
    const zone = zoneDns({ 'example.org': { txt: ['x'] } })
    const { dns } = new Asking(zone).view()
    await Promise.all([dns.txt('example.org'), dns.txt('EXAMPLE.org.'), dns.txt('example.org')])
    expect(zone.asked).toEqual(['TXT example.org'])
  })

  it('tells each view what it lost, also when another had asked', async () => {
    const asking = new Asking(zoneDns({}, () => 'servfail'))
    await asking.view().dns.txt('example.org')
    const second = asking.view()
    await second.dns.txt('example.org')
    expect([...second.lost.keys()]).toEqual(['TXT example.org'])
    expect(asking.view().lost.size).toBe(0)
  })

  it('takes what cannot be a name for one that is not there, and asks nobody', async () => {
    const zone = zoneDns({})
    const { dns } = new Asking(zone).view()
    const names = ['', 'a..b', `${'x'.repeat(64)}.org`, 'x.'.repeat(130), 'with space.org', 'd\u00fc.org']
    for (const name of names) expect(await dns.a(name)).toEqual({ status: 'nxdomain' })
    expect(zone.asked).toEqual([])
  })

  it('asks no more than it may', async () => {
    const zone = zoneDns({})
    const { dns, lost } = new Asking(zone, { questionsMax: 10 }).view()
    await Promise.all(Array.from({ length: 30 }, (_, i) => dns.a(`h${i}.example.org`)))
    expect(zone.asked.length).toBe(10)
    expect(lost.size).toBe(20)
  })

  it('has no more questions under way than it may', async () => {
    let underWay = 0
    let most = 0
    const slow: Dns = {
      ...zoneDns({}),
      a: async () => {
        most = Math.max(most, ++underWay)
        await new Promise(resolve => setImmediate(resolve))
        underWay--
        return { status: 'nodata' }
      },
    }
    const { dns } = new Asking(slow, { concurrentMax: 4 }).view()
    await Promise.all(Array.from({ length: 50 }, (_, i) => dns.a(`h${i}.example.org`)))
    expect(most).toBe(4)
  })

  it('does not wait longer for one question than it may', async () => {
    const { dns } = new Asking(never, { questionMsMax: 20 }).view()
    expect(await dns.txt('example.org')).toEqual({ status: 'timeout' })
  })

  it('gives a resolver up that answers nothing', async () => {
    const { dns } = new Asking(never, { questionMsMax: 10, concurrentMax: 1 }).view()
    const startedAt = performance.now()
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => dns.txt(`h${i}.example.org`)))
    expect(answers.every(({ status }) => status === 'timeout')).toBe(true)
    expect(answers.at(-1)).toEqual({ status: 'timeout', why: 'the resolver answers nothing' })
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })

  it('ends when its time is over', async () => {
    let now = 0
    const { dns } = new Asking(zoneDns({}), { now: () => now, auditMsMax: 1000 }).view()
    expect(await dns.a('a.example')).toEqual({ status: 'nxdomain' })
    now = 1000
    expect(await dns.a('b.example')).toEqual({ status: 'timeout', why: 'the time for the audit was over' })
  })

  it('asks nobody once whoever asks is not interested any more', async () => {
    let isOver = false
    const zone = zoneDns({})
    const { dns, lost } = new Asking(zone, { isOver: () => isOver }).view()
    await dns.a('a.example')
    isOver = true
    expect(await dns.a('b.example')).toEqual({ status: 'timeout', why: 'the audit was ended' })
    expect([zone.asked, [...lost.keys()]]).toEqual([['A a.example'], ['A b.example']])
  })

  it.each([
    ['too many records', Array.from({ length: 501 }, () => 'x')],
    ['too much text', ['x'.repeat(70_000)]],
  ])('%s are no answer', async (_, txt) => {
    const { dns } = new Asking(zoneDns({ 'example.org': { txt } })).view()
    expect((await dns.txt('example.org')).status).toBe('servfail')
  })

  it('a resolver that throws has told nothing', async () => {
    const broken: Dns = { ...zoneDns({}), a: () => Promise.reject(new Error('broken')) }
    const { dns } = new Asking(broken).view()
    expect(await dns.a('example.org')).toEqual({ status: 'servfail', why: 'broken' })
  })
})
