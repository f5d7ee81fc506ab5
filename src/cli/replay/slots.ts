import type { ContentFinding } from '../../core/content.ts'
import { addressesIn } from '../../proof/addresses.ts'
import { testMaterialIn } from '../../proof/test-material.ts'
import { activeIn, markupIn } from '../../proof/values.ts'
import { canonicalMailbox, type Mailbox } from '../../std/mailbox.ts'

/**
 * What the values of a message show against it. A trace has no bytes and says of no slot whose it is, so each counts as controlled by users, and what a
 * value may hold is told by the name of its slot.
 */
export function slotFindings(slots: Record<string, string>, recipient: Mailbox | undefined): ContentFinding[] {
  const found = new Set<ContentFinding>()
  for (const name of Object.keys(slots)) {
    const value = slots[name]!
    if (value === '') continue
    const { isActive, isInvalid, isTest } = shown(name, value)
    if (isActive) found.add('content.slot-active')
    if (isInvalid) found.add('content.slot-invalid')
    if (isTest) found.add('content.test-material')
    if (value.includes('@') && !isAddressSlot(name) && namesAnother(value, recipient))
      found.add('content.other-address')
  }
  return [...found]
}

/** What a device, a place or a name is never longer than; the names of people and programs that are known have two hundred signs at most. */
const charsMax = 500

const isLinkSlot = (name: string): boolean =>
  /(?:^|[^a-z])(?:link|ur[il]|href)s?(?:$|[^a-z])|(?:Link|Ur[il]|URL|URI)s?$/.test(name)
const isAddressSlot = (name: string): boolean => /e-?mail|address|recipient|login|user_?name/i.test(name)
/** What is said, and not of whom or what. */
const isSubjectSlot = (name: string): boolean => /^(?:subject|title|heading)$/i.test(name)
const isTextSlot = (name: string): boolean => isSubjectSlot(name) || /^(?:body|text|html|content|message)$/i.test(name)

type Shown = { isActive: boolean; isInvalid: boolean; isTest: boolean }

/** Values come again and again: programs, places, kinds. What was found of the last few thousand is kept. */
const memo = new Map<string, Shown>()
const memoMax = 8192

function shown(name: string, value: string): Shown {
  const key = `${name}\0${value}`
  const known = memo.get(key)
  if (known) return known
  if (memo.size === memoMax) memo.clear()
  const isLink = isLinkSlot(name)
  const made: Shown = {
    isActive: isLink ? markupIn(value) : activeIn(value).some(kind => kind === 'markup' || kind === 'link'),
    isInvalid: !isLink && (value.length > charsMax || /[\r\n\u2028\u2029]/.test(value)),
    isTest: isTextSlot(name) && hasTestMaterial(isSubjectSlot(name) ? value : '', value),
  }
  memo.set(key, made)
  return made
}

const hasTestMaterial = (subject: string, text: string): boolean =>
  testMaterialIn({ subject, texts: [text], urls: [] }) !== undefined

function namesAnother(value: string, recipient: Mailbox | undefined): boolean {
  const own = recipient && canonicalMailbox(recipient)
  return addressesIn(value).some(mailbox => canonicalMailbox(mailbox) !== own)
}
