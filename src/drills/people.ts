import type { Random } from '../std/random.ts'
import { permuted } from './permutation.ts'

export type Person = { account: string; email: string }

const givenNames = (
  'adam aisha alba amara ana anton asha bela bruno carla chen chloe dario diego elena emil eva fatima felix gita hana hugo ines irina ' +
  'ivan jana jonas kaito karim laila leo lina luca maya mehmet mina nadia nils noor olga omar paula pedro priya rafael rosa samir sara ' +
  'sofia stefan tariq tessa tomas uma vera viktor wanda wei yara yusuf zara zoe'
).split(' ')
const familyNames = (
  'abbott adeyemi ahmed almeida andersen bakker bauer becker berger bianchi braun castro costa cruz dubois eriksen farkas fischer ' +
  'fontaine fuchs garcia gruber haddad hansen hoffmann horvat hussain ito jansen jensen kaya keller khan kim kovacs kowalski larsen lopez ' +
  'maier mancini martin moreau mwangi nakamura nguyen novak okafor olsen patel petrov rossi saito santos schmidt silva singh sousa ' +
  'tanaka torres varga vogel weber yilmaz zhang'
).split(' ')
// Domains that RFC 2606 keeps for examples, and names below them.
const domains = [
  'example.com',
  'example.org',
  'mail.example.com',
  'example.net',
  'post.example.org',
  'mail.example.net',
]

// Keys of three shuffles that have nothing to do with each other.
const [ofNames, ofAccounts, ofOrder] = [0x5eed_0001, 0x5eed_0002, 0x5eed_0003] as const

/** The accounts of an installation, 0 to count − 1. Nobody is stored: a number gives the person. */
export class People {
  readonly count: number

  constructor(count: number) {
    this.count = count
  }

  any(random: Random): Person {
    return this.at(random.integer(0, this.count))
  }

  /** By account id; counts on from the start at the end. Two numbers below `count` are two persons with different addresses. */
  at(index: number): Person {
    const n = index % this.count
    return { account: accountOf(n), email: this.#address(n) }
  }

  /** The `index`-th of a list of `of` accounts that somebody got hold of: in the order of their ids, with gaps. `of` is at most `count`. */
  listed(index: number, of: number): Person {
    return this.at(Math.floor((index * this.count) / of))
  }

  /** In an order without a pattern, each once in `count`. */
  shuffled(index: number): Person {
    return this.at(permuted(index % this.count, this.count, ofOrder))
  }

  /** The `index`-th of `of` accounts in alphabetical order of their addresses. They are not among those that the other methods give. */
  alphabetical(index: number, of: number): Person {
    const given = Math.floor((index * givenNames.length) / of)
    const first = Math.ceil((given * of) / givenNames.length)
    const inGiven = Math.ceil(((given + 1) * of) / givenNames.length) - first
    const family = Math.floor(((index - first) * familyNames.length) / inGiven)
    const number = String(index).padStart(8, '0')
    const email = `${givenNames[given]!}.${familyNames[family]!}${number}@example.org`
    return { account: accountOf(this.count + permuted(index, of, ofAccounts)), email }
  }

  #address(n: number): string {
    const code = permuted(n, this.count, ofNames)
    const given = givenNames[code % givenNames.length]!
    const family = familyNames[Math.floor(code / givenNames.length) % familyNames.length]!
    const rest = Math.floor(code / (givenNames.length * familyNames.length))
    const number = Math.floor(rest / domains.length)
    const suffix = number === 0 ? '' : String(number)
    const domain = domains[rest % domains.length]!
    if ((code + number) % 3 === 0) return `${given}_${family}${suffix}@${domain}`
    if ((code + number) % 3 === 1) return `${family}.${given}${suffix}@${domain}`
    return `${given}.${family}${suffix}@${domain}`
  }
}

const accountOf = (n: number): string => `account-${String(n).padStart(8, '0')}`
