import type { TemplateInput } from '../definition.ts'
import { type Block, type Content, localeOf } from './layout.ts'
import { at, caseOf, type InEach, phrases } from './phrases.ts'
import { choice, contact, name, optional, product, site, time, verify, yes } from './slots.ts'

// What a notice to people has to say by Article 34 (2) of the GDPR: what happened, what follows, what was done and can be done, whom to ask.
// It says nothing that is not set: "not among it" is said of passwords alone, and only when it is known.

const { en, de, es } = phrases
const ways = ['copied', 'visible', 'sent'] as const
const kinds = ['names', 'emails', 'phones', 'postal', 'birthdays', 'payments', 'messages'] as const

type Told = Record<(typeof kinds)[number], string> & { hashed: string; plain: string; unknown: string }

const nothingKnown = [
  ...kinds.map(kind => `${kind} != "yes"`),
  'passwords != "hashed"',
  'passwords != "readable"',
].join(' and ')

const dataOf = (told: Told): Block => ({
  kind: 'list',
  items: [
    ...kinds.map(kind => ({ when: `${kind} == "yes"`, say: told[kind] })),
    { when: 'passwords == "hashed"', say: told.hashed },
    { when: 'passwords == "readable"', say: told.plain },
    { when: nothingKnown, say: told.unknown },
  ],
})

const happened: InEach<string> = {
  en: caseOf('how', ways, {
    copied: 'Somebody who was not allowed to copied data from our systems. Yours was among it.',
    visible: 'By a mistake of ours, data could be seen by people it was not meant for. Yours was among it.',
    sent: 'By a mistake of ours, data was sent to people it was not meant for. Yours was among it.',
    other: 'Data came to people it was not meant for. Yours was among it.',
  }),
  de: caseOf('how', ways, {
    copied: 'jemand hat unerlaubt Daten aus unseren Systemen kopiert. Ihre waren dabei.',
    visible:
      'durch einen Fehler von uns waren Daten für Menschen sichtbar, für die sie nicht bestimmt waren. Ihre waren dabei.',
    sent: 'durch einen Fehler von uns gingen Daten an Menschen, für die sie nicht bestimmt waren. Ihre waren dabei.',
    other: 'Daten sind zu Menschen gelangt, für die sie nicht bestimmt waren. Ihre waren dabei.',
  }),
  es: caseOf('how', ways, {
    copied: 'Alguien copió datos de nuestros sistemas sin permiso. Los suyos estaban entre ellos.',
    visible:
      'Por un error nuestro, otras personas pudieron ver datos que no eran para ellas. Los suyos estaban entre ellos.',
    sent: 'Por un error nuestro, se enviaron datos a personas que no debían recibirlos. Los suyos estaban entre ellos.',
    other: 'Algunos datos llegaron a personas que no debían recibirlos. Los suyos estaban entre ellos.',
  }),
}

const hasPassword = 'passwords == "hashed" or passwords == "readable"'

const contents: InEach<Content> = {
  en: {
    subject: 'What happened to your data at {{ product }}',
    preheader: 'What we know, what we have done, and what you can do.',
    title: 'What happened to your data',
    heading: 'What happened to your data',
    sections: [
      {
        blocks: [
          { kind: 'text', says: [en.greeting, happened.en, 'We are sorry. Here is what we know.'] },
          {
            kind: 'facts',
            facts: [
              { label: 'When', value: at('time') },
              { label: 'Noticed', value: at('found'), when: 'found' },
            ],
          },
        ],
      },
      {
        title: 'Which of your data',
        blocks: [
          dataOf({
            names: 'your name',
            emails: 'your e-mail address',
            phones: 'your telephone number',
            postal: 'your postal address',
            birthdays: 'your date of birth',
            payments: 'details of your payments',
            messages: 'messages that you wrote',
            hashed: 'your password, in a form that cannot be read as it is',
            plain: 'your password',
            unknown: 'we are still finding out',
          }),
          { kind: 'text', says: [{ when: 'passwords == "no"', say: 'Your password was not among it.' }] },
        ],
      },
      {
        title: 'What we have done',
        blocks: [
          {
            kind: 'list',
            items: [
              { when: 'closed', say: `The gap has been closed since ${at('closed')}.` },
              { when: 'sessions == "yes"', say: 'All sign-ins have been ended. You will have to sign in again.' },
              { when: 'authority == "yes"', say: 'The data protection authority has been told.' },
              'We have written to everybody whose data was among it.',
            ],
          },
        ],
      },
      {
        title: 'What you can do',
        blocks: [
          {
            kind: 'list',
            items: [
              {
                when: hasPassword,
                say: 'Choose a new password: open the app, or type {{ site }} in your browser, and choose “Security”.',
              },
              { when: hasPassword, say: 'If you use the same password elsewhere, change it there too.' },
              'Somebody may write to you or call you and know these things about you. That does not make them genuine.',
            ],
          },
          { kind: 'text', says: [en.neverAsk] },
        ],
      },
      {
        title: 'What comes next',
        blocks: [
          {
            kind: 'text',
            says: [
              { when: 'next', say: `We will write again by ${at('next')}, even if there is nothing new.` },
              'If you have a question, we will answer it: {{ contact }}',
            ],
          },
        ],
      },
    ],
    check: en.check,
    why: 'You get this message because data of your account at {{ product }} was among it. Only those concerned get it.',
  },
  de: {
    subject: 'Was mit Ihren Daten bei {{ product }} geschehen ist',
    preheader: 'Was wir wissen, was wir getan haben und was Sie tun können.',
    title: 'Was mit Ihren Daten geschehen ist',
    heading: 'Was mit Ihren Daten geschehen ist',
    sections: [
      {
        blocks: [
          { kind: 'text', says: [de.greeting, happened.de, 'Das tut uns leid. Das wissen wir bisher:'] },
          {
            kind: 'facts',
            facts: [
              { label: 'Wann', value: at('time') },
              { label: 'Bemerkt', value: at('found'), when: 'found' },
            ],
          },
        ],
      },
      {
        title: 'Welche Ihrer Daten',
        blocks: [
          dataOf({
            names: 'Ihr Name',
            emails: 'Ihre E-Mail-Adresse',
            phones: 'Ihre Telefonnummer',
            postal: 'Ihre Anschrift',
            birthdays: 'Ihr Geburtsdatum',
            payments: 'Angaben zu Ihren Zahlungen',
            messages: 'Nachrichten, die Sie geschrieben haben',
            hashed: 'Ihr Passwort, in einer Form, die man so nicht lesen kann',
            plain: 'Ihr Passwort',
            unknown: 'das klären wir noch',
          }),
          { kind: 'text', says: [{ when: 'passwords == "no"', say: 'Ihr Passwort war nicht dabei.' }] },
        ],
      },
      {
        title: 'Was wir getan haben',
        blocks: [
          {
            kind: 'list',
            items: [
              { when: 'closed', say: `Die Lücke ist seit ${at('closed')} geschlossen.` },
              { when: 'sessions == "yes"', say: 'Alle Anmeldungen sind beendet. Sie müssen sich neu anmelden.' },
              { when: 'authority == "yes"', say: 'Die Datenschutzbehörde ist unterrichtet.' },
              'Wir haben allen geschrieben, deren Daten dabei waren.',
            ],
          },
        ],
      },
      {
        title: 'Was Sie tun können',
        blocks: [
          {
            kind: 'list',
            items: [
              {
                when: hasPassword,
                say: 'Wählen Sie ein neues Passwort: Öffnen Sie die App oder tippen Sie {{ site }} in Ihren Browser, und wählen Sie „Sicherheit“.',
              },
              {
                when: hasPassword,
                say: 'Wenn Sie dasselbe Passwort auch anderswo benutzen, ändern Sie es dort ebenfalls.',
              },
              'Es kann sein, dass Ihnen jemand schreibt oder Sie anruft und diese Daten kennt. Echt ist er deshalb nicht.',
            ],
          },
          { kind: 'text', says: [de.neverAsk] },
        ],
      },
      {
        title: 'Wie es weitergeht',
        blocks: [
          {
            kind: 'text',
            says: [
              { when: 'next', say: `Wir schreiben wieder bis ${at('next')}, auch wenn es nichts Neues gibt.` },
              'Wenn Sie eine Frage haben, beantworten wir sie hier: {{ contact }}',
            ],
          },
        ],
      },
    ],
    check: de.check,
    why: 'Sie bekommen diese Nachricht, weil Daten Ihres Kontos bei {{ product }} dabei waren. Nur wer betroffen ist, bekommt sie.',
  },
  es: {
    subject: 'Lo que ha pasado con sus datos en {{ product }}',
    preheader: 'Lo que sabemos, lo que hemos hecho y lo que usted puede hacer.',
    title: 'Lo que ha pasado con sus datos',
    heading: 'Lo que ha pasado con sus datos',
    sections: [
      {
        blocks: [
          { kind: 'text', says: [es.greeting, happened.es, 'Lo sentimos. Esto es lo que sabemos.'] },
          {
            kind: 'facts',
            facts: [
              { label: 'Cuándo', value: at('time') },
              { label: 'Lo supimos', value: at('found'), when: 'found' },
            ],
          },
        ],
      },
      {
        title: 'Qué datos suyos',
        blocks: [
          dataOf({
            names: 'su nombre',
            emails: 'su correo electrónico',
            phones: 'su número de teléfono',
            postal: 'su dirección postal',
            birthdays: 'su fecha de nacimiento',
            payments: 'datos de sus pagos',
            messages: 'mensajes que usted escribió',
            hashed: 'su contraseña, en una forma que no se puede leer tal cual',
            plain: 'su contraseña',
            unknown: 'todavía lo estamos averiguando',
          }),
          { kind: 'text', says: [{ when: 'passwords == "no"', say: 'Su contraseña no estaba entre ellos.' }] },
        ],
      },
      {
        title: 'Qué hemos hecho',
        blocks: [
          {
            kind: 'list',
            items: [
              { when: 'closed', say: `El fallo está corregido desde el ${at('closed')}.` },
              {
                when: 'sessions == "yes"',
                say: 'Se han cerrado todas las sesiones. Tendrá que iniciar sesión de nuevo.',
              },
              { when: 'authority == "yes"', say: 'La autoridad de protección de datos está informada.' },
              'Hemos escrito a todas las personas cuyos datos estaban entre ellos.',
            ],
          },
        ],
      },
      {
        title: 'Qué puede hacer usted',
        blocks: [
          {
            kind: 'list',
            items: [
              {
                when: hasPassword,
                say: 'Elija una contraseña nueva: abra la aplicación o escriba {{ site }} en su navegador, y elija «Seguridad».',
              },
              { when: hasPassword, say: 'Si usa la misma contraseña en otros sitios, cámbiela también allí.' },
              'Es posible que alguien le escriba o le llame y conozca estos datos. Eso no significa que sea de fiar.',
            ],
          },
          { kind: 'text', says: [es.neverAsk] },
        ],
      },
      {
        title: 'Qué viene ahora',
        blocks: [
          {
            kind: 'text',
            says: [
              { when: 'next', say: `Volveremos a escribirle antes del ${at('next')}, aunque no haya novedades.` },
              'Si tiene una pregunta, se la respondemos aquí: {{ contact }}',
            ],
          },
        ],
      },
    ],
    check: es.check,
    why: 'Recibe este mensaje porque había datos de su cuenta de {{ product }} entre ellos. Solo lo reciben las personas afectadas.',
  },
}

const later = (sample: string) => ({ ...optional(time), samples: [sample] })

export const breachNotice: TemplateInput = {
  name: 'breach-notice',
  class: 'breach-notice',
  description: 'Data of people came to others: what happened, which data, what was done, what to do.',
  slots: {
    product,
    site,
    verify,
    contact,
    name,
    how: choice(...ways),
    time,
    found: later('2026-11-25T08:00:00Z'),
    closed: later('2026-11-25T09:40:00Z'),
    next: later('2026-11-28T12:00:00Z'),
    passwords: choice('no', 'hashed', 'readable'),
    sessions: yes,
    authority: yes,
    ...Object.fromEntries(kinds.map(kind => [kind, yes])),
  },
  locales: { en: localeOf(contents.en), de: localeOf(contents.de), es: localeOf(contents.es) },
}
