import type { TemplateInput } from '../definition.ts'
import { type Content, localeOf } from './layout.ts'
import { caseOf, factsOf, type InEach, phrases, reachOf } from './phrases.ts'
import { choice, contact, device, name, optional, place, product, site, time, verify } from './slots.ts'

const { en, de, es } = phrases

const changes = [
  'email-changed',
  'email-added',
  'email-removed',
  'phone-changed',
  'phone-added',
  'phone-removed',
  'codes',
] as const

const sentences: InEach<string> = {
  en: caseOf('change', changes, {
    'email-changed': 'Your e-mail address was changed',
    'email-added': 'An e-mail address was added',
    'email-removed': 'An e-mail address was removed',
    'phone-changed': 'Your telephone number was changed',
    'phone-added': 'A telephone number was added',
    'phone-removed': 'A telephone number was removed',
    codes: 'New recovery codes were made',
    other: 'The way back into your account was changed',
  }),
  de: caseOf('change', changes, {
    'email-changed': 'Ihre E-Mail-Adresse wurde geändert',
    'email-added': 'Eine E-Mail-Adresse wurde hinzugefügt',
    'email-removed': 'Eine E-Mail-Adresse wurde entfernt',
    'phone-changed': 'Ihre Telefonnummer wurde geändert',
    'phone-added': 'Eine Telefonnummer wurde hinzugefügt',
    'phone-removed': 'Eine Telefonnummer wurde entfernt',
    codes: 'Neue Ersatzcodes wurden angelegt',
    other: 'Der Weg zurück in Ihr Konto wurde geändert',
  }),
  es: caseOf('change', changes, {
    'email-changed': 'Se ha cambiado su correo electrónico',
    'email-added': 'Se ha añadido un correo electrónico',
    'email-removed': 'Se ha quitado un correo electrónico',
    'phone-changed': 'Se ha cambiado su número de teléfono',
    'phone-added': 'Se ha añadido un número de teléfono',
    'phone-removed': 'Se ha quitado un número de teléfono',
    codes: 'Se han creado códigos de recuperación nuevos',
    other: 'Se ha cambiado la forma de recuperar su cuenta',
  }),
}

const contents: InEach<Content> = {
  en: {
    subject: `{{ product }}: ${sentences.en}`,
    preheader: 'It is about the way back into your account. If it was you, there is nothing you need to do.',
    title: 'A change to the way back into your account',
    heading: sentences.en,
    sections: [
      {
        blocks: [
          {
            kind: 'text',
            says: [
              en.greeting,
              'Something was changed about how you get back into your account at {{ product }} when you cannot sign in:',
            ],
          },
          { kind: 'facts', facts: [{ label: 'What', value: sentences.en }, ...factsOf('en').facts] },
        ],
      },
      {
        title: 'If it was you',
        blocks: [{ kind: 'text', says: ['There is nothing you need to do. The change is in force.'] }],
      },
      {
        title: 'If it was not you',
        blocks: [
          {
            kind: 'list',
            items: [
              'Open the app, or type {{ site }} in your browser, and sign in.',
              'Choose “Security” and undo the change.',
              'End all other sessions and choose a new password.',
            ],
          },
          {
            kind: 'text',
            says: [
              'If you cannot sign in any more, choose “I cannot get in” at {{ site }}.',
              en.neverAsk,
              reachOf('en'),
            ],
          },
        ],
      },
    ],
    check: en.check,
    why: 'You get this message because the way back into your account at {{ product }} was changed. It is sent after every such change.',
  },
  de: {
    subject: `{{ product }}: ${sentences.de}`,
    preheader: 'Es geht um den Weg zurück in Ihr Konto. Wenn Sie es waren, brauchen Sie nichts zu tun.',
    title: 'Eine Änderung am Weg zurück in Ihr Konto',
    heading: sentences.de,
    sections: [
      {
        blocks: [
          {
            kind: 'text',
            says: [
              de.greeting,
              'bei den Angaben, mit denen Sie wieder in Ihr Konto bei {{ product }} kommen, hat sich etwas geändert:',
            ],
          },
          { kind: 'facts', facts: [{ label: 'Was', value: sentences.de }, ...factsOf('de').facts] },
        ],
      },
      {
        title: 'Wenn Sie es waren',
        blocks: [{ kind: 'text', says: ['Sie brauchen nichts zu tun. Die Änderung gilt.'] }],
      },
      {
        title: 'Wenn Sie es nicht waren',
        blocks: [
          {
            kind: 'list',
            items: [
              'Öffnen Sie die App oder tippen Sie {{ site }} in Ihren Browser, und melden Sie sich an.',
              'Wählen Sie „Sicherheit“ und machen Sie die Änderung rückgängig.',
              'Beenden Sie alle anderen Sitzungen und wählen Sie ein neues Passwort.',
            ],
          },
          {
            kind: 'text',
            says: [
              'Wenn Sie sich nicht mehr anmelden können, wählen Sie auf {{ site }} „Ich komme nicht hinein“.',
              de.neverAsk,
              reachOf('de'),
            ],
          },
        ],
      },
    ],
    check: de.check,
    why: 'Sie bekommen diese Nachricht, weil sich der Weg zurück in Ihr Konto bei {{ product }} geändert hat. Sie wird nach jeder solchen Änderung verschickt.',
  },
  es: {
    subject: `{{ product }}: ${sentences.es}`,
    preheader: 'Se trata de la forma de recuperar su cuenta. Si ha sido usted, no tiene que hacer nada.',
    title: 'Un cambio en la forma de recuperar su cuenta',
    heading: sentences.es,
    sections: [
      {
        blocks: [
          {
            kind: 'text',
            says: [es.greeting, 'Algo ha cambiado en los datos que le permiten recuperar su cuenta de {{ product }}:'],
          },
          { kind: 'facts', facts: [{ label: 'Qué', value: sentences.es }, ...factsOf('es').facts] },
        ],
      },
      {
        title: 'Si ha sido usted',
        blocks: [{ kind: 'text', says: ['No tiene que hacer nada. El cambio ya está hecho.'] }],
      },
      {
        title: 'Si no ha sido usted',
        blocks: [
          {
            kind: 'list',
            items: [
              'Abra la aplicación o escriba {{ site }} en su navegador, y entre en su cuenta.',
              'Elija «Seguridad» y deshaga el cambio.',
              'Cierre todas las demás sesiones y elija una contraseña nueva.',
            ],
          },
          {
            kind: 'text',
            says: ['Si ya no puede entrar, elija «No puedo entrar» en {{ site }}.', es.neverAsk, reachOf('es')],
          },
        ],
      },
    ],
    check: es.check,
    why: 'Recibe este mensaje porque se ha cambiado la forma de recuperar su cuenta de {{ product }}. Se envía después de cada cambio de este tipo.',
  },
}

export const recoveryChanged: TemplateInput = {
  name: 'recovery-changed',
  class: 'recovery-changed',
  description: 'An address, a telephone number or codes by which people get back into their account were changed.',
  slots: { product, site, verify, change: choice(...changes), time, name, place, device, contact: optional(contact) },
  locales: { en: localeOf(contents.en), de: localeOf(contents.de), es: localeOf(contents.es) },
}
