import type { Buffer } from 'node:buffer'
import { Unavailable } from '../intake.ts'
import type { Envelope, Reply } from './session.ts'

/** Who stands for a mail to the report address: nobody who sends through Tocsin. */
export const reporter = { name: 'reporter' } as const

/** Takes what people report. `busy`: too much of it just now. Throws `Unavailable`. */
export type ReportDesk = { take(envelope: Envelope, data: Buffer): Promise<'taken' | 'busy'> }

/** The reply is the same whatever was reported, and whether or not it is answered. */
export function reportAcceptance(desk: ReportDesk) {
  return async (envelope: Envelope, data: Buffer): Promise<Reply> => {
    try {
      const taken = await desk.take(envelope, data)
      if (taken === 'taken') return { code: 250, enhanced: '2.0.0', text: 'Thank you' }
      return { code: 450, enhanced: '4.7.1', text: 'Too many reports just now, try again later' }
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      return { code: 451, enhanced: '4.3.0', text: 'The report could not be made durable, please try again' }
    }
  }
}
