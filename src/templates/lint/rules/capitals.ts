import { quoted, type Rule } from '../finding.ts'

const acronyms = new Set(
  'HTTP HTTPS HTML SMTP IMAP JSON TOTP HOTP FIDO FIDO2 WEBAUTHN PASSKEY OAUTH OIDC SAML DKIM DMARC SPF BIMI UTC GMT CET CEST EST EDT PST PDT IBAN BIC NIST OWASP ENISA GDPR DSGVO RGPD BSI CNIL AEPD USB NFC SMS MMS PIN PUK TAN CVV VPN DNS TLS SSL LTE WLAN WIFI WPA PDF CSV URL FAQ CEO CTO CISO USA UK EU API SDK CLI IOS IPADOS MACOS BMW IBM GMBH'.split(
    ' ',
  ),
)
const lettersMin = 6
/** Words in capitals one after the other. A digit makes a code of it. */
const shouted = /(?<![\p{L}\p{N}-])\p{Lu}{2,}(?:[ '\u2019,-]+\p{Lu}{2,})*(?![\p{L}\p{N}-])/gu

export const capitals: Rule = {
  name: 'capitals',
  about: 'words in capitals',
  look: ({ prose, names = [] }) => {
    const known = new Set([...acronyms, ...names.flatMap(name => name.split(/[\s-]+/))])
    return prose.flatMap(({ part, text }) => {
      const found = [...text.matchAll(shouted)].find(([run]) => {
        const words = run.split(/[ '\u2019,-]+/).filter(word => !known.has(word))
        return words.join('').length >= lettersMin
      })
      return found
        ? [
            {
              severity: 'error' as const,
              where: { part, quote: quoted(found[0]) },
              reason: 'Capitals shout, and screen readers may spell them out.',
              better: 'Write it as in any other sentence.',
            },
          ]
        : []
    })
  },
}
