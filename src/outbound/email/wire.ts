import { strict as assert } from 'node:assert'
import type { Mailbox } from '../../std/mailbox.ts'

const LF = 10
const CR = 13
const DOT = 46

/** A message as it goes over the wire after DATA, without the final `.`: dot-stuffed, ending in CRLF, no bare CR or LF. */
export type WireMessage = { status: 'ready'; bytes: Buffer; eightBit: boolean }
export type WireFault = { status: 'fault'; fault: 'bare-cr-or-lf' | 'empty' }

/**
 * Make a message ready for DATA (RFC 5321 §4.5.2). One pass over the bytes; the same memory is used again when nothing has to change.
 * A bare CR or LF is refused: servers disagree on what ends a line, and that is how one message becomes two (CVE-2023-51764).
 */
export function toWire(data: Buffer): WireMessage | WireFault {
  const found = scan(data)
  if (found === undefined) return { status: 'fault', fault: 'bare-cr-or-lf' }
  if (data.length === 0) return { status: 'fault', fault: 'empty' }
  const unended = data[data.length - 1] !== LF
  const bytes = found.dots === 0 && !unended ? data : stuff(data, found.dots, unended)
  return { status: 'ready', bytes, eightBit: found.eightBit }
}

/** Lines that begin with a dot, and whether any byte has its high bit set; `undefined` at the first bare CR or LF. */
function scan(data: Buffer): { dots: number; eightBit: boolean } | undefined {
  const length = data.length
  let dots = data[0] === DOT ? 1 : 0
  let bits = 0
  for (let i = 0; i < length; i++) {
    const byte = data[i]!
    bits |= byte
    if (byte > CR) continue
    if (byte === LF) return undefined
    if (byte !== CR) continue
    if (data[++i] !== LF) return undefined
    if (data[i + 1] === DOT) dots++
  }
  return { dots, eightBit: bits > 127 }
}

function stuff(data: Buffer, dots: number, unended: boolean): Buffer {
  const out = Buffer.allocUnsafe(data.length + dots + (unended ? 2 : 0))
  let at = 0
  let from = 0
  while (from < data.length) {
    if (data[from] === DOT) out[at++] = DOT
    const next = data.indexOf('\r\n', from, 'latin1')
    const end = next < 0 ? data.length : next + 2
    data.copy(out, at, from, end)
    at += end - from
    from = end
  }
  if (unended) {
    out[at++] = CR
    out[at++] = LF
  }
  assert(at === out.length, 'the stuffed message has the length that was counted')
  return out
}

/**
 * The same message with every bare CR and bare LF turned into CRLF, for bytes that come from elsewhere than SMTP. The same memory when
 * there is none.
 */
export function canonicalLines(data: Buffer): Buffer {
  if (scan(data) !== undefined) return data
  const out = Buffer.allocUnsafe(data.length * 2)
  let at = 0
  for (let i = 0; i < data.length; i++) {
    const byte = data[i]!
    if (byte !== CR && byte !== LF) {
      out[at++] = byte
      continue
    }
    if (byte === CR && data[i + 1] === LF) i++
    out[at++] = CR
    out[at++] = LF
  }
  return out.subarray(0, at)
}

/** A path on the wire: no control, no angle bracket, nothing that is not ASCII; a space only within a quoted local part. */
const safeInPath =
  /^(?:[\x21-\x3b\x3d\x3f-\x7e]+|"[\x20\x21\x23-\x3b\x3d\x3f-\x5b\x5d-\x7e]+"@[\x21\x23-\x3b\x3d\x3f-\x7e]+)$/

/** `<local@domain>`, or `<>` for the null sender. An address that could end the command early is a fault of ours, caught here last. */
export function path(mailbox: Mailbox | null): string {
  if (mailbox === null) return '<>'
  assert(
    safeInPath.test(mailbox.address),
    'an address on the wire has no control, space, bracket or non-ASCII character',
  )
  assert(mailbox.address.length <= 320, 'an address on the wire is at most 320 characters long')
  return `<${mailbox.address}>`
}
