// All that this application knows of Tocsin: two calls, with two keys. The key that sends cannot report causes, so that a fault in the mailer
// cannot invent the event that would justify its mail.
const url = process.env.TOCSIN_URL ?? 'http://127.0.0.1:8080'
const triesMax = 4

/** Sends one message. The same key is the same message, so trying again after a failure never makes a second mail. */
export async function sendMessage(message, idempotencyKey) {
  const answer = await post('/v1/messages', message, {
    authorization: `Bearer ${process.env.TOCSIN_API_KEY}`,
    'content-type': 'application/json',
    'idempotency-key': idempotencyKey,
  })
  if (answer.outcome !== 'deliver') console.warn(`message ${answer.id}: ${answer.outcome}`)
  return answer
}

/** Reports what justifies the messages to come: `type` without its prefix, `id` is the cause that a message may name. */
export async function reportEvent({ id, type, account, data }) {
  const event = {
    specversion: '1.0',
    id,
    source: '/example/web',
    type: `tocsin.${type}`,
    time: new Date().toISOString(),
    subject: account,
    data,
  }
  await post('/v1/events', event, {
    authorization: `Bearer ${process.env.TOCSIN_CAUSE_KEY}`,
    'content-type': 'application/cloudevents+json',
  })
}

/** Tries again where nothing was decided: no connection, or 503. Every other refusal is ours to mend. */
async function post(path, body, headers) {
  for (let tried = 1; ; tried++) {
    const response = await fetch(url + path, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(5000),
    }).catch(error => error)
    if (response.ok) return response.json()
    const status = response.status ?? response.name
    const again = status === 503 || !(response instanceof Response)
    if (!again || tried === triesMax) throw new Error(`Tocsin did not take ${path}: ${status}`)
    await new Promise(resolve => setTimeout(resolve, 100 * 2 ** tried))
  }
}
