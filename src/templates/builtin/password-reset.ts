import type { TemplateInput } from '../definition.ts'
import { type Content, localeOf } from './layout.ts'
import { at, factsOf, type InEach, phrases, reachOf } from './phrases.ts'
import { contact, device, link, name, optional, place, product, site, time, verify } from './slots.ts'

const { en, de, es } = phrases

const contents: InEach<Content> = {
  en: {
    subject: 'A new password for {{ product }}',
    preheader: 'Somebody asked for one. If it was not you, there is nothing you need to do.',
    title: 'A new password',
    heading: 'Somebody asked for a new password',
    sections: [
      {
        blocks: [
          { kind: 'text', says: [en.greeting, 'Somebody asked for a new password for your account at {{ product }}.'] },
          factsOf('en'),
        ],
      },
      {
        title: 'If it was you',
        blocks: [
          { kind: 'text', says: [`Choose your new password with this link. It works once, until ${at('expires')}.`] },
          { kind: 'button', label: 'Choose a new password', slot: 'link' },
          {
            kind: 'text',
            says: [
              'Without the link: open the app, or type {{ site }} in your browser, and choose “Forgotten password” there.',
            ],
          },
        ],
      },
      {
        title: 'If it was not you',
        blocks: [
          {
            kind: 'text',
            says: [
              'There is nothing you need to do. Your password stays as it is, and only this message has the link.',
              en.neverAsk,
              reachOf('en'),
            ],
          },
        ],
      },
    ],
    check: en.check,
    why: 'You get this message because somebody entered this address on the page for a new password at {{ product }}.',
  },
  de: {
    subject: 'Ein neues Passwort für {{ product }}',
    preheader: 'Jemand hat es angefordert. Wenn Sie es nicht waren, brauchen Sie nichts zu tun.',
    title: 'Ein neues Passwort',
    heading: 'Jemand hat ein neues Passwort angefordert',
    sections: [
      {
        blocks: [
          {
            kind: 'text',
            says: [de.greeting, 'jemand hat für Ihr Konto bei {{ product }} ein neues Passwort angefordert.'],
          },
          factsOf('de'),
        ],
      },
      {
        title: 'Wenn Sie es waren',
        blocks: [
          {
            kind: 'text',
            says: [`Mit diesem Link wählen Sie Ihr neues Passwort. Er gilt einmal, bis ${at('expires')}.`],
          },
          { kind: 'button', label: 'Neues Passwort wählen', slot: 'link' },
          {
            kind: 'text',
            says: [
              'Ohne den Link: Öffnen Sie die App oder tippen Sie {{ site }} in Ihren Browser, und wählen Sie dort „Passwort vergessen“.',
            ],
          },
        ],
      },
      {
        title: 'Wenn Sie es nicht waren',
        blocks: [
          {
            kind: 'text',
            says: [
              'Sie brauchen nichts zu tun. Ihr Passwort bleibt, wie es ist, und den Link hat nur diese Nachricht.',
              de.neverAsk,
              reachOf('de'),
            ],
          },
        ],
      },
    ],
    check: de.check,
    why: 'Sie bekommen diese Nachricht, weil jemand diese Adresse auf der Seite für ein neues Passwort bei {{ product }} eingegeben hat.',
  },
  es: {
    subject: 'Una contraseña nueva para {{ product }}',
    preheader: 'Alguien la ha pedido. Si no ha sido usted, no tiene que hacer nada.',
    title: 'Una contraseña nueva',
    heading: 'Alguien ha pedido una contraseña nueva',
    sections: [
      {
        blocks: [
          {
            kind: 'text',
            says: [es.greeting, 'Alguien ha pedido una contraseña nueva para su cuenta en {{ product }}.'],
          },
          factsOf('es'),
        ],
      },
      {
        title: 'Si ha sido usted',
        blocks: [
          {
            kind: 'text',
            says: [`Elija su contraseña nueva con este enlace. Sirve una sola vez, hasta el ${at('expires')}.`],
          },
          { kind: 'button', label: 'Elegir una contraseña nueva', slot: 'link' },
          {
            kind: 'text',
            says: [
              'Sin el enlace: abra la aplicación, o escriba {{ site }} en su navegador, y elija allí «He olvidado mi contraseña».',
            ],
          },
        ],
      },
      {
        title: 'Si no ha sido usted',
        blocks: [
          {
            kind: 'text',
            says: [
              'No tiene que hacer nada. Su contraseña sigue siendo la misma y el enlace solo está en este mensaje.',
              es.neverAsk,
              reachOf('es'),
            ],
          },
        ],
      },
    ],
    check: es.check,
    why: 'Recibe este mensaje porque alguien escribió esta dirección en la página para pedir una contraseña nueva de {{ product }}.',
  },
}

export const passwordReset: TemplateInput = {
  name: 'password-reset',
  class: 'password-reset',
  description: 'A link to choose a new password, for whoever asked for one.',
  slots: {
    product,
    site,
    verify,
    link,
    time,
    expires: { ...time, samples: ['2026-11-24T11:00:00Z', '2026-11-25T00:29:00-05:00'] },
    name,
    place,
    device,
    contact: optional(contact),
  },
  locales: { en: localeOf(contents.en), de: localeOf(contents.de), es: localeOf(contents.es) },
}
