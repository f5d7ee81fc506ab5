/**
 * The addr-specs of an address list (RFC 5322 §3.4) as written: names, comments, routes and group names left out. Lenient, for it reads what
 * others wrote; what it yields is no mailbox before `parseMailbox` says so.
 */
export function addressesOf(list: string): string[] {
  const addresses: string[] = []
  let spec = ''
  let inAngle = false
  let angled: string | undefined
  const finish = () => {
    const address = (angled ?? spec).trim()
    if (address !== '') addresses.push(address)
    spec = ''
    angled = undefined
    inAngle = false
  }
  for (let at = 0; at < list.length; ) {
    const char = list[at]!
    const end = char === '"' ? endOfQuoted(list, at) : char === '(' ? endOfComment(list, at) : at + 1
    const token = char === '(' ? '' : list.slice(at, end)
    at = end
    if (char === '<') {
      inAngle = true
      angled = ''
    } else if (char === '>') inAngle = false
    else if (inAngle) angled += token
    else if (char === ',' || char === ';') finish()
    else if (char === ':') spec = ''
    else if (angled === undefined) spec += token
  }
  finish()
  return addresses
}

function endOfQuoted(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  return text.length
}

function endOfComment(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return at + 1
  }
  return text.length
}
