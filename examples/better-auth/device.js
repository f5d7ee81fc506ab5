import { createHmac, timingSafeEqual } from 'node:crypto'

/** A device that has signed in to an account keeps a cookie that says so; only we can make it. */
export const deviceCookie = 'known_device'

const seal = userId => createHmac('sha256', process.env.APP_SECRET).update(`device ${userId}`).digest('base64url')

export const rememberDevice = userId => `${userId}.${seal(userId)}`

export function isKnownDevice(cookies, userId) {
  const found = new RegExp(`(?:^|; )${deviceCookie}=([^;]*)`).exec(cookies ?? '')?.[1]
  const given = Buffer.from(decodeURIComponent(found ?? ''))
  const expected = Buffer.from(rememberDevice(userId))
  return given.length === expected.length && timingSafeEqual(given, expected)
}
