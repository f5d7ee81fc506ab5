import type { TemplateInput } from '../definition.ts'
import { type Content, localeOf } from './layout.ts'
import { factsOf, type InEach, phrases, reachOf } from './phrases.ts'
import { contact, device, name, optional, place, product, site, time, verify } from './slots.ts'

// Without a link on purpose: an alert that leads nowhere cannot be imitated by one that does.

const { en, de, es } = phrases

const contents: InEach<Content> = {
  en: {
    subject: 'A new sign-in to {{ product }}',
    preheader: 'If it was you, there is nothing you need to do.',
    title: 'A new sign-in',
    heading: 'There was a new sign-in to your account',
    sections: [
      {
        blocks: [
          {
            kind: 'text',
            says: [
              en.greeting,
              'Somebody signed in to your account at {{ product }} on a device that had not been used for it before.',
            ],
          },
          factsOf('en'),
        ],
      },
      { title: 'If it was you', blocks: [{ kind: 'text', says: ['There is nothing you need to do.'] }] },
      {
        title: 'If it was not you',
        blocks: [
          {
            kind: 'list',
            items: [
              'Open the app, or type {{ site }} in your browser.',
              'Choose “Security”, find this sign-in and end it.',
              'Then choose a new password.',
            ],
          },
          { kind: 'text', says: [en.neverAsk, reachOf('en')] },
        ],
      },
    ],
    check: en.check,
    why: 'You get this message because somebody signed in to your account at {{ product }}. It is sent after every sign-in on a new device.',
  },
  de: {
    subject: 'Eine neue Anmeldung bei {{ product }}',
    preheader: 'Wenn Sie es waren, brauchen Sie nichts zu tun.',
    title: 'Eine neue Anmeldung',
    heading: 'Es gab eine neue Anmeldung bei Ihrem Konto',
    sections: [
      {
        blocks: [
          {
            kind: 'text',
            says: [
              de.greeting,
              'jemand hat sich bei Ihrem Konto bei {{ product }} angemeldet, mit einem Gerät, das dafür noch nie benutzt worden war.',
            ],
          },
          factsOf('de'),
        ],
      },
      { title: 'Wenn Sie es waren', blocks: [{ kind: 'text', says: ['Sie brauchen nichts zu tun.'] }] },
      {
        title: 'Wenn Sie es nicht waren',
        blocks: [
          {
            kind: 'list',
            items: [
              'Öffnen Sie die App oder tippen Sie {{ site }} in Ihren Browser.',
              'Wählen Sie „Sicherheit“, suchen Sie diese Anmeldung und beenden Sie sie.',
              'Wählen Sie dann ein neues Passwort.',
            ],
          },
          { kind: 'text', says: [de.neverAsk, reachOf('de')] },
        ],
      },
    ],
    check: de.check,
    why: 'Sie bekommen diese Nachricht, weil sich jemand bei Ihrem Konto bei {{ product }} angemeldet hat. Sie wird nach jeder Anmeldung mit einem neuen Gerät verschickt.',
  },
  es: {
    subject: 'Un nuevo inicio de sesión en {{ product }}',
    preheader: 'Si ha sido usted, no tiene que hacer nada.',
    title: 'Un nuevo inicio de sesión',
    heading: 'Hay un nuevo inicio de sesión en su cuenta',
    sections: [
      {
        blocks: [
          {
            kind: 'text',
            says: [
              es.greeting,
              'Alguien ha iniciado sesión en su cuenta de {{ product }} con un dispositivo que no se había usado antes en ella.',
            ],
          },
          factsOf('es'),
        ],
      },
      { title: 'Si ha sido usted', blocks: [{ kind: 'text', says: ['No tiene que hacer nada.'] }] },
      {
        title: 'Si no ha sido usted',
        blocks: [
          {
            kind: 'list',
            items: [
              'Abra la aplicación o escriba {{ site }} en su navegador.',
              'Elija «Seguridad», busque este inicio de sesión y ciérrelo.',
              'Después elija una contraseña nueva.',
            ],
          },
          { kind: 'text', says: [es.neverAsk, reachOf('es')] },
        ],
      },
    ],
    check: es.check,
    why: 'Recibe este mensaje porque alguien ha iniciado sesión en su cuenta de {{ product }}. Se envía después de cada inicio de sesión con un dispositivo nuevo.',
  },
}

export const signInAlert: TemplateInput = {
  name: 'sign-in-alert',
  class: 'sign-in-alert',
  description: 'A sign-in on a device that is new for the account.',
  slots: { product, site, verify, time, name, place, device, contact: optional(contact) },
  locales: { en: localeOf(contents.en), de: localeOf(contents.de), es: localeOf(contents.es) },
}
