import { Agent, request } from 'undici'
import type { Parts } from './parts.ts'

/** An answer that takes longer is given up; asking again is safe for whoever has a key, or looks first. */
export const answerMsMax = 8000
export const againMs = 60

export type Asked = {
  key: string
  body?: object | string
  headers?: Record<string, string>
}

/** HTTP to a Tocsin that may be gone at any moment. */
export class Line {
  readonly #parts: Parts
  readonly #agent = new Agent({ connections: 16, headersTimeout: answerMsMax, bodyTimeout: answerMsMax })

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** `undefined` when it was refused, cut off or timed out: it may or may not have arrived. */
  async ask(
    method: 'GET' | 'POST',
    path: string,
    { key, body, headers = {} }: Asked,
  ): Promise<{ status: number; body: unknown } | undefined> {
    try {
      const answer = await request(this.#parts.url + path, {
        method,
        dispatcher: this.#agent,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await answer.body.text()
      const isLines = String(answer.headers['content-type']).includes('ndjson')
      const parsed = isLines
        ? text
            .trimEnd()
            .split('\n')
            .map(line => JSON.parse(line))
        : JSON.parse(text || 'null')
      return { status: answer.statusCode, body: parsed }
    } catch {
      return undefined
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }
}
