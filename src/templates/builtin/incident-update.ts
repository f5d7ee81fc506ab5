import type { TemplateInput } from '../definition.ts'
import { type Content, localeOf } from './layout.ts'
import { at, caseOf, type InEach, phrases, reachOf } from './phrases.ts'
import { choice, contact, name, optional, product, site, time, verify } from './slots.ts'

// How an incident stands. "Nobody signed in to your account" is said only when `accounts` says that it was looked into.

const { en, de, es } = phrases
const matters = ['messages', 'sign-in', 'data', 'service'] as const
const states = ['looking', 'found', 'mended', 'over'] as const

const matter: InEach<string> = {
  en: caseOf('matter', matters, {
    messages: 'Some people got messages from us that they had not asked for.',
    'sign-in': 'Some people could not sign in, or had to sign in again.',
    data: 'We are looking into whether data came to people it was not meant for.',
    service: 'Parts of our service did not work as they should.',
    other: 'Something did not work as it should.',
  }),
  de: caseOf('matter', matters, {
    messages: 'manche Menschen haben Nachrichten von uns bekommen, die sie nicht angefordert hatten.',
    'sign-in': 'manche Menschen konnten sich nicht anmelden oder mussten sich neu anmelden.',
    data: 'wir untersuchen, ob Daten zu Menschen gelangt sind, für die sie nicht bestimmt waren.',
    service: 'Teile unseres Dienstes haben nicht so funktioniert, wie sie sollen.',
    other: 'etwas hat nicht so funktioniert, wie es soll.',
  }),
  es: caseOf('matter', matters, {
    messages: 'Algunas personas han recibido mensajes nuestros que no habían pedido.',
    'sign-in': 'Algunas personas no han podido iniciar sesión o han tenido que hacerlo de nuevo.',
    data: 'Estamos comprobando si algunos datos llegaron a personas que no debían recibirlos.',
    service: 'Partes de nuestro servicio no han funcionado como deben.',
    other: 'Algo no ha funcionado como debe.',
  }),
}

const state: InEach<string> = {
  en: caseOf('state', states, {
    looking: 'We are still looking for the cause.',
    found: 'We have found the cause and are working on it.',
    mended: 'It is mended. We go on watching it.',
    over: 'It is over.',
    other: 'We are working on it.',
  }),
  de: caseOf('state', states, {
    looking: 'Die Ursache suchen wir noch.',
    found: 'Wir haben die Ursache gefunden und arbeiten daran.',
    mended: 'Es ist behoben. Wir beobachten es weiter.',
    over: 'Es ist vorbei.',
    other: 'Wir arbeiten daran.',
  }),
  es: caseOf('state', states, {
    looking: 'Todavía buscamos la causa.',
    found: 'Hemos encontrado la causa y estamos trabajando en ello.',
    mended: 'Está arreglado. Seguimos vigilándolo.',
    over: 'Ha terminado.',
    other: 'Estamos trabajando en ello.',
  }),
}

const isUntouched = 'accounts == "untouched"'

const contents: InEach<Content> = {
  en: {
    subject: '{{ product }}: how things stand',
    preheader: 'What has happened, where we are, and when you will hear from us again.',
    title: 'How things stand',
    heading: 'How things stand',
    sections: [
      {
        blocks: [
          { kind: 'text', says: [en.greeting, matter.en] },
          {
            kind: 'facts',
            facts: [
              { label: 'Began', value: at('began') },
              { label: 'As of', value: at('time') },
              { label: 'State', value: state.en },
            ],
          },
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
              'There is nothing you need to do. If that changes, we will tell you.',
            ],
          },
        ],
      },
      {
        title: 'What comes next',
        blocks: [
          {
            kind: 'text',
            says: [
              { when: 'next', say: `You will hear from us again by ${at('next')}.` },
              'What we know is always at {{ site }}: type it in your browser.',
              en.neverAsk,
              reachOf('en'),
            ],
          },
        ],
      },
    ],
    check: en.check,
    why: 'You get this message because your account at {{ product }} is among those that it concerns.',
  },
  de: {
    subject: '{{ product }}: So ist der Stand',
    preheader: 'Was geschehen ist, wo wir stehen und wann Sie wieder von uns hören.',
    title: 'So ist der Stand',
    heading: 'So ist der Stand',
    sections: [
      {
        blocks: [
          { kind: 'text', says: [de.greeting, matter.de] },
          {
            kind: 'facts',
            facts: [
              { label: 'Beginn', value: at('began') },
              { label: 'Stand', value: at('time') },
              { label: 'Lage', value: state.de },
            ],
          },
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
              'Sie brauchen nichts zu tun. Wenn sich das ändert, sagen wir es Ihnen.',
            ],
          },
        ],
      },
      {
        title: 'Wie es weitergeht',
        blocks: [
          {
            kind: 'text',
            says: [
              { when: 'next', say: `Sie hören wieder von uns bis ${at('next')}.` },
              'Was wir wissen, steht immer auf {{ site }}: Tippen Sie das in Ihren Browser.',
              de.neverAsk,
              reachOf('de'),
            ],
          },
        ],
      },
    ],
    check: de.check,
    why: 'Sie bekommen diese Nachricht, weil Ihr Konto bei {{ product }} zu denen gehört, die es betrifft.',
  },
  es: {
    subject: '{{ product }}: cómo están las cosas',
    preheader: 'Qué ha pasado, en qué punto estamos y cuándo volverá a tener noticias nuestras.',
    title: 'Cómo están las cosas',
    heading: 'Cómo están las cosas',
    sections: [
      {
        blocks: [
          { kind: 'text', says: [es.greeting, matter.es] },
          {
            kind: 'facts',
            facts: [
              { label: 'Empezó', value: at('began') },
              { label: 'A fecha de', value: at('time') },
              { label: 'Estado', value: state.es },
            ],
          },
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
              'No tiene que hacer nada. Si eso cambia, se lo diremos.',
            ],
          },
        ],
      },
      {
        title: 'Qué viene ahora',
        blocks: [
          {
            kind: 'text',
            says: [
              { when: 'next', say: `Volverá a tener noticias nuestras antes del ${at('next')}.` },
              'Lo que sabemos está siempre en {{ site }}: escríbalo en su navegador.',
              es.neverAsk,
              reachOf('es'),
            ],
          },
        ],
      },
    ],
    check: es.check,
    why: 'Recibe este mensaje porque su cuenta de {{ product }} es una de las afectadas.',
  },
}

export const incidentUpdate: TemplateInput = {
  name: 'incident-update',
  class: 'incident-update',
  description: 'How an incident stands, and when the next word comes.',
  slots: {
    product,
    site,
    verify,
    name,
    matter: choice(...matters),
    state: choice(...states),
    began: time,
    time: { ...time, samples: ['2026-11-24T14:00:00Z'] },
    next: { ...optional(time), samples: ['2026-11-24T20:00:00Z'] },
    accounts: choice('untouched'),
    contact: optional(contact),
  },
  locales: { en: localeOf(contents.en), de: localeOf(contents.de), es: localeOf(contents.es) },
}
