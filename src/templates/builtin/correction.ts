import type { TemplateInput } from '../definition.ts'
import { type Content, localeOf } from './layout.ts'
import { at, caseOf, type InEach, phrases, reachOf } from './phrases.ts'
import { choice, contact, name, optional, product, site, time, verify, yes } from './slots.ts'

// To exactly those who got a message that should not have been sent. "Nobody signed in" and "the link is dead" are said only when set.

const { en, de, es } = phrases
const wrongs = ['reset', 'sign-in', 'change', 'notice'] as const
const whys = ['fault', 'others'] as const

const wrong: InEach<string> = {
  en: caseOf('wrong', wrongs, {
    reset: 'about a new password',
    'sign-in': 'about a new sign-in',
    change: 'about a change to your account',
    notice: 'about an incident',
    other: 'about your account',
  }),
  de: caseOf('wrong', wrongs, {
    reset: 'über ein neues Passwort',
    'sign-in': 'über eine neue Anmeldung',
    change: 'über eine Änderung an Ihrem Konto',
    notice: 'über einen Vorfall',
    other: 'über Ihr Konto',
  }),
  es: caseOf('wrong', wrongs, {
    reset: 'sobre una contraseña nueva',
    'sign-in': 'sobre un nuevo inicio de sesión',
    change: 'sobre un cambio en su cuenta',
    notice: 'sobre un incidente',
    other: 'sobre su cuenta',
  }),
}

const why: InEach<string> = {
  en: caseOf('why', whys, {
    fault: 'It was sent by a fault of ours. Nothing had happened in your account that it could have been about.',
    others: 'Somebody else had asked for it, not you. We should not have sent it.',
    other: 'It should not have been sent. We are still looking for the cause.',
  }),
  de: caseOf('why', whys, {
    fault:
      'Sie wurde durch einen Fehler von uns verschickt. In Ihrem Konto war nichts geschehen, worum es hätte gehen können.',
    others: 'Jemand anders hatte sie angefordert, nicht Sie. Wir hätten sie nicht schicken sollen.',
    other: 'Sie hätte nicht verschickt werden sollen. Die Ursache suchen wir noch.',
  }),
  es: caseOf('why', whys, {
    fault: 'Se envió por un fallo nuestro. En su cuenta no había pasado nada a lo que pudiera referirse.',
    others: 'Lo había pedido otra persona, no usted. No deberíamos haberlo enviado.',
    other: 'No debería haberse enviado. Todavía buscamos la causa.',
  }),
}

const isUntouched = 'accounts == "untouched"'
const isDead = 'link_ended == "yes"'

const contents: InEach<Content> = {
  en: {
    subject: 'A message from {{ product }} was sent to you by mistake',
    preheader: 'There is nothing you need to do.',
    title: 'A message was sent by mistake',
    heading: 'Our message to you was a mistake',
    sections: [
      {
        blocks: [
          { kind: 'text', says: [en.greeting, `You got a message from us ${wrong.en}. ${why.en}`] },
          { kind: 'facts', facts: [{ label: 'Sent', value: at('time') }] },
        ],
      },
      {
        title: 'What it means for you',
        blocks: [
          {
            kind: 'text',
            says: [
              {
                when: isUntouched,
                say: 'Nobody signed in to your account because of it, and your password is the same as before.',
              },
              { when: isDead, say: 'The link in that message no longer works.' },
              'There is nothing you need to do. You can delete that message.',
            ],
          },
        ],
      },
      {
        title: 'If you want to look for yourself',
        blocks: [
          {
            kind: 'text',
            says: [
              'Open the app, or type {{ site }} in your browser, and choose “Security”. There you see the latest sign-ins.',
              en.neverAsk,
              reachOf('en'),
              'We are sorry for the trouble.',
            ],
          },
        ],
      },
    ],
    check: en.check,
    why: 'You get this message because you got the other one. It goes to exactly those people.',
  },
  de: {
    subject: 'Eine Nachricht von {{ product }} war ein Versehen',
    preheader: 'Sie brauchen nichts zu tun.',
    title: 'Eine Nachricht war ein Versehen',
    heading: 'Unsere Nachricht an Sie war ein Versehen',
    sections: [
      {
        blocks: [
          { kind: 'text', says: [de.greeting, `Sie haben von uns eine Nachricht ${wrong.de} bekommen. ${why.de}`] },
          { kind: 'facts', facts: [{ label: 'Verschickt', value: at('time') }] },
        ],
      },
      {
        title: 'Was das für Sie heißt',
        blocks: [
          {
            kind: 'text',
            says: [
              {
                when: isUntouched,
                say: 'Niemand hat sich deswegen bei Ihrem Konto angemeldet, und Ihr Passwort ist dasselbe wie vorher.',
              },
              { when: isDead, say: 'Der Link in jener Nachricht gilt nicht mehr.' },
              'Sie brauchen nichts zu tun. Jene Nachricht können Sie löschen.',
            ],
          },
        ],
      },
      {
        title: 'Wenn Sie selbst nachsehen möchten',
        blocks: [
          {
            kind: 'text',
            says: [
              'Öffnen Sie die App oder tippen Sie {{ site }} in Ihren Browser, und wählen Sie „Sicherheit“. Dort sehen Sie die letzten Anmeldungen.',
              de.neverAsk,
              reachOf('de'),
              'Wir bitten um Entschuldigung.',
            ],
          },
        ],
      },
    ],
    check: de.check,
    why: 'Sie bekommen diese Nachricht, weil Sie die andere bekommen haben. Sie geht genau an diese Menschen.',
  },
  es: {
    subject: 'Un mensaje de {{ product }} se le envió por error',
    preheader: 'No tiene que hacer nada.',
    title: 'Un mensaje enviado por error',
    heading: 'Nuestro mensaje fue un error',
    sections: [
      {
        blocks: [
          { kind: 'text', says: [es.greeting, `Ha recibido un mensaje nuestro ${wrong.es}. ${why.es}`] },
          { kind: 'facts', facts: [{ label: 'Enviado', value: at('time') }] },
        ],
      },
      {
        title: 'Qué significa para usted',
        blocks: [
          {
            kind: 'text',
            says: [
              {
                when: isUntouched,
                say: 'Nadie ha entrado en su cuenta por este motivo y su contraseña es la misma de antes.',
              },
              { when: isDead, say: 'El enlace de aquel mensaje ya no sirve.' },
              'No tiene que hacer nada. Puede borrar aquel mensaje.',
            ],
          },
        ],
      },
      {
        title: 'Si quiere comprobarlo',
        blocks: [
          {
            kind: 'text',
            says: [
              'Abra la aplicación o escriba {{ site }} en su navegador, y elija «Seguridad». Allí verá los últimos inicios de sesión.',
              es.neverAsk,
              reachOf('es'),
              'Sentimos las molestias.',
            ],
          },
        ],
      },
    ],
    check: es.check,
    why: 'Recibe este mensaje porque recibió el otro. Va exactamente a esas personas.',
  },
}

export const correction: TemplateInput = {
  name: 'correction',
  class: 'correction',
  description: 'Tells those who got a message by mistake that it was one.',
  slots: {
    product,
    site,
    verify,
    name,
    wrong: choice(...wrongs),
    why: choice(...whys),
    time,
    accounts: choice('untouched'),
    link_ended: yes,
    contact: optional(contact),
  },
  locales: { en: localeOf(contents.en), de: localeOf(contents.de), es: localeOf(contents.es) },
}
