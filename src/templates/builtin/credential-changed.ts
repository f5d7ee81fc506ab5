import type { TemplateInput } from '../definition.ts'
import { type Content, localeOf } from './layout.ts'
import { caseOf, factsOf, type InEach, phrases, reachOf } from './phrases.ts'
import { choice, contact, device, name, optional, place, product, site, time, verify } from './slots.ts'

const { en, de, es } = phrases

const changes = ['password', 'codes-on', 'codes-off', 'passkey-added', 'passkey-removed'] as const

const sentences: InEach<string> = {
  en: caseOf('change', changes, {
    password: 'Your password was changed',
    'codes-on': 'Sign-in codes were turned on',
    'codes-off': 'Sign-in codes were turned off',
    'passkey-added': 'A passkey was added',
    'passkey-removed': 'A passkey was removed',
    other: 'The way you sign in was changed',
  }),
  de: caseOf('change', changes, {
    password: 'Ihr Passwort wurde geändert',
    'codes-on': 'Anmeldecodes wurden eingeschaltet',
    'codes-off': 'Anmeldecodes wurden ausgeschaltet',
    'passkey-added': 'Ein Passkey wurde hinzugefügt',
    'passkey-removed': 'Ein Passkey wurde entfernt',
    other: 'Ihre Art der Anmeldung wurde geändert',
  }),
  es: caseOf('change', changes, {
    password: 'Se ha cambiado su contraseña',
    'codes-on': 'Se han activado los códigos de acceso',
    'codes-off': 'Se han desactivado los códigos de acceso',
    'passkey-added': 'Se ha añadido una clave de acceso',
    'passkey-removed': 'Se ha quitado una clave de acceso',
    other: 'Se ha cambiado su forma de iniciar sesión',
  }),
}

const contents: InEach<Content> = {
  en: {
    subject: `{{ product }}: ${sentences.en}`,
    preheader: 'If it was you, there is nothing you need to do.',
    title: 'A change to your sign-in',
    heading: sentences.en,
    sections: [
      {
        blocks: [
          { kind: 'text', says: [en.greeting, 'This was changed in your account at {{ product }}:'] },
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
              'Open the app, or type {{ site }} in your browser.',
              'If you cannot sign in, choose “Forgotten password” there.',
              'Choose “Security”, end all other sessions and undo the change.',
            ],
          },
          { kind: 'text', says: [en.neverAsk, reachOf('en')] },
        ],
      },
    ],
    check: en.check,
    why: 'You get this message because the way to sign in to your account at {{ product }} was changed. It is sent after every such change.',
  },
  de: {
    subject: `{{ product }}: ${sentences.de}`,
    preheader: 'Wenn Sie es waren, brauchen Sie nichts zu tun.',
    title: 'Eine Änderung an Ihrer Anmeldung',
    heading: sentences.de,
    sections: [
      {
        blocks: [
          { kind: 'text', says: [de.greeting, 'in Ihrem Konto bei {{ product }} wurde etwas geändert:'] },
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
              'Öffnen Sie die App oder tippen Sie {{ site }} in Ihren Browser.',
              'Wenn Sie sich nicht anmelden können, wählen Sie dort „Passwort vergessen“.',
              'Wählen Sie „Sicherheit“, beenden Sie alle anderen Sitzungen und machen Sie die Änderung rückgängig.',
            ],
          },
          { kind: 'text', says: [de.neverAsk, reachOf('de')] },
        ],
      },
    ],
    check: de.check,
    why: 'Sie bekommen diese Nachricht, weil sich die Anmeldung bei Ihrem Konto bei {{ product }} geändert hat. Sie wird nach jeder solchen Änderung verschickt.',
  },
  es: {
    subject: `{{ product }}: ${sentences.es}`,
    preheader: 'Si ha sido usted, no tiene que hacer nada.',
    title: 'Un cambio en su forma de iniciar sesión',
    heading: sentences.es,
    sections: [
      {
        blocks: [
          { kind: 'text', says: [es.greeting, 'Esto ha cambiado en su cuenta de {{ product }}:'] },
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
              'Abra la aplicación o escriba {{ site }} en su navegador.',
              'Si no puede entrar, elija allí «He olvidado mi contraseña».',
              'Elija «Seguridad», cierre todas las demás sesiones y deshaga el cambio.',
            ],
          },
          { kind: 'text', says: [es.neverAsk, reachOf('es')] },
        ],
      },
    ],
    check: es.check,
    why: 'Recibe este mensaje porque se ha cambiado la forma de entrar en su cuenta de {{ product }}. Se envía después de cada cambio de este tipo.',
  },
}

export const credentialChanged: TemplateInput = {
  name: 'credential-changed',
  class: 'credential-changed',
  description: 'A password, sign-in codes or a passkey were changed.',
  slots: { product, site, verify, change: choice(...changes), time, name, place, device, contact: optional(contact) },
  locales: { en: localeOf(contents.en), de: localeOf(contents.de), es: localeOf(contents.es) },
}
