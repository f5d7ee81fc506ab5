import type { Buffer } from 'node:buffer'

type Decoder = InstanceType<typeof TextDecoder>

const decoders = new Map<string, Decoder | undefined>()

/** Labels are few in honest mail; a mail that invents many does not make us keep them. */
const decodersMax = 64

/**
 * Text in one of the charsets of the WHATWG Encoding Standard. `known` is false for labels that it does not have, and for those that readers are
 * known to take differently or that hide ASCII from whoever does not decode them (UTF-7, UTF-16); these are read as UTF-8.
 */
export function decodeCharset(bytes: Buffer, label: string): { text: string; known: boolean } {
  const name = label.trim().toLowerCase()
  if (name === '' || name === 'utf-8' || name === 'us-ascii' || name === 'utf8' || name === 'ascii')
    return { text: name === 'us-ascii' || name === 'ascii' ? asciiOf(bytes) : utf8Of(bytes), known: true }
  const decoder = decoderOf(name)
  if (!decoder) return { text: utf8Of(bytes), known: false }
  return { text: decoder.decode(bytes), known: true }
}

const utf8 = new TextDecoder('utf-8')
const strict = new TextDecoder('utf-8', { fatal: true })
const western = new TextDecoder('windows-1252')

const utf8Of = (bytes: Buffer): string => utf8.decode(bytes)

/** What claims to be ASCII and is not is mostly UTF-8, else the ASCII of the web. */
function asciiOf(bytes: Buffer): string {
  try {
    return strict.decode(bytes)
  } catch {
    return western.decode(bytes)
  }
}

function decoderOf(name: string): Decoder | undefined {
  if (decoders.has(name)) return decoders.get(name)
  let decoder: Decoder | undefined
  try {
    decoder = new TextDecoder(name)
    if (/^(?:utf-16|replacement|x-user-defined)/.test(decoder.encoding)) decoder = undefined
  } catch {
    decoder = undefined
  }
  if (decoders.size < decodersMax) decoders.set(name, decoder)
  return decoder
}
