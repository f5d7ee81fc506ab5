import { describe, expect, it } from 'vitest'
import { lint } from '../lint.ts'
import { guessLanguage, lintLanguages, wordsOf } from './words.ts'

const rulesOf = (language: string, sentence: string): string[] => [
  ...new Set(
    lint({ subject: 'x', text: sentence, language })
      .filter(({ where }) => where.part === 'text')
      .map(({ rule }) => rule),
  ),
]

describe('wordings that imitations use', () => {
  const bad: Record<string, Record<string, string[]>> = {
    en: {
      urgency: [
        'Act immediately.',
        'Please update your details right away.',
        'Immediate action is needed.',
        'This is urgent.',
        'Action required',
        'This is your final notice.',
        "Don't delay.",
        'Reply within 24 hours or it is too late.',
        'Click here now',
      ],
      fear: [
        'Your account has been hacked.',
        'It may have been compromised.',
        'Criminals want your data.',
        'Your account will be closed.',
        'You will lose access for good.',
        'We will take legal action.',
        'There was suspicious activity.',
        'Your data is at risk.',
        'Security alert',
      ],
      secrets: [
        'Reply with your PIN.',
        'Please send us your password.',
        'Confirm your card number here.',
        'Tell us the code.',
        'Your password is Hunter2!',
      ],
      greeting: ['Dear valued customer,', 'Dear Sir or Madam,', 'Hello user,'],
      'test-text': ['This is a test.', 'Please ignore this.', 'Insert name here'],
    },
    de: {
      urgency: [
        'Handeln Sie jetzt.',
        'Bestätigen Sie Ihre Daten umgehend.',
        'Es ist dringend.',
        'Handlung erforderlich',
        'Das ist die letzte Warnung.',
        'Zögern Sie nicht.',
        'Antworten Sie innerhalb von 24 Stunden, sonst ist es zu spät.',
        'Klicke sofort.',
      ],
      fear: [
        'Ihr Konto wurde gehackt.',
        'Es wurde kompromittiert.',
        'Kriminelle wollen Ihre Daten.',
        'Ihr Konto wird gesperrt.',
        'Sonst drohen rechtliche Schritte.',
        'Es gab verdächtige Aktivitäten.',
        'Ihre Daten sind in Gefahr.',
        'Sicherheitswarnung',
      ],
      secrets: [
        'Senden Sie uns Ihr Passwort.',
        'Bestätigen Sie Ihre PIN.',
        'Nennen Sie uns den Code.',
        'Ihr Passwort lautet: Geheim123',
        'Schick uns dein Passwort.',
      ],
      greeting: ['Sehr geehrte Damen und Herren,', 'Lieber Kunde,', 'Sehr geehrter Nutzer,'],
      'test-text': ['Dies ist ein Test.', 'Bitte ignorieren.', 'Hier steht ein Platzhalter.'],
    },
    es: {
      urgency: [
        'Actúe ahora.',
        'Confirme sus datos de inmediato.',
        'Es urgente.',
        'Acción requerida',
        'Este es el último aviso.',
        'No espere más.',
        'Responda en 24 horas o será tarde.',
        'Haz clic ya',
      ],
      fear: [
        'Su cuenta ha sido hackeada.',
        'Se ha visto comprometida.',
        'Los delincuentes quieren sus datos.',
        'Su cuenta será suspendida.',
        'Habrá acciones legales.',
        'Hubo actividad sospechosa.',
        'Sus datos están en riesgo.',
        'Alerta de seguridad',
      ],
      secrets: [
        'Envíenos su contraseña.',
        'Confirme su número de tarjeta.',
        'Díganos el código.',
        'Su contraseña es Secreto99',
      ],
      greeting: ['Estimado cliente:', 'Estimados usuarios:', 'Hola, usuario:'],
      'test-text': ['Esto es una prueba.', 'Correo de prueba', 'Texto de ejemplo'],
    },
  }
  const rows = Object.entries(bad).flatMap(([language, byRule]) =>
    Object.entries(byRule).flatMap(([rule, sentences]) =>
      sentences.map(sentence => [language, rule, sentence] as const),
    ),
  )
  it.each(rows)('%s %s: %s', (language, rule, sentence) => {
    expect(rulesOf(language, sentence)).toContain(rule)
  })
})

describe('wordings that only look like it', () => {
  it.each([
    ['en', 'The code stops working immediately after use.'],
    ['en', 'We never ask you to send us your password.'],
    ['en', 'Nobody will ask you to confirm your PIN.'],
    ['en', 'The link works for 24 hours or until you use it.'],
    ['en', 'Your password is the same as before.'],
    ['en', 'You can now sign in with a passkey.'],
    ['en', 'Dear Ms Hacker, your parcel is here.'.replace('Hacker', 'Hackett')],
    ['de', 'Der Code gilt sofort nicht mehr, wenn Sie ihn benutzt haben.'],
    ['de', 'Wir fragen Sie nie nach Ihrem Passwort.'],
    ['de', 'Schicken Sie niemandem Ihre PIN.'],
    ['de', 'Ihr Passwort ist dasselbe wie vorher.'],
    ['de', 'Geben Sie den Code in der App ein.'],
    ['es', 'Nunca le pediremos su contraseña.'],
    ['es', 'No envíe a nadie su código.'],
    ['es', 'Nuestro servicio de atención al cliente le ayuda.'],
    ['es', 'Estimado señor Ramos:'],
  ])('%s: %s', (language, sentence) => {
    expect(rulesOf(language, sentence)).toEqual([])
  })
})

describe('languages', () => {
  it('each has a suggestion for every guidance, which it takes itself', () => {
    // A time is found by its digits.
    for (const language of lintLanguages)
      for (const [kind, { pattern, say }] of Object.entries(wordsOf(language)!.guidance))
        if (kind !== 'time') expect([language, kind, pattern.test(say)]).toEqual([language, kind, true])
  })

  it.each([
    ['You can choose it in the app and we have your password for that', 'en'],
    ['Sie haben das nicht getan und wir sind für Sie da, wenn Sie wollen', 'de'],
    ['Si no ha sido usted, no tiene que hacer nada en la cuenta', 'es'],
    ['Bonjour, vous avez un nouveau message', undefined],
    ['', undefined],
  ])('%s is %s', (text, language) => {
    expect(guessLanguage(text)).toBe(language)
  })
})
