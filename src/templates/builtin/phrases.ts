import type { Content } from './layout.ts'
import { notShown } from './slots.ts'

// What several templates say, in each language. Every sentence was written in its language, not translated word by word.

export const builtinLanguages = ['en', 'de', 'es'] as const
export type Language = (typeof builtinLanguages)[number]
export type InEach<T> = Record<Language, T>

const isShown = (slot: string): string => `${slot} and ${slot} != "${notShown}"`
const known = (slot: string, otherwise: string): string =>
  `{% if ${isShown(slot)} %}<bdi>{{ ${slot} }}</bdi>{% else %}${otherwise}{% endif %}`
const greetingOf = (hello: string, end = ',', between = ' '): string =>
  `{% if ${isShown('name')} %}${hello}${between}<bdi>{{ name }}</bdi>${end}{% else %}${hello}${end}{% endif %}`

/** A time in the words of the language, with its distance from UTC: the recipient's zone is not known. */
export const at = (slot: string): string => `{{ ${slot} | date: "%x, %X (%Z)" }}`

/** A text for each value of a choice, and one for those that are not known here. */
export const caseOf = <T extends string>(
  slot: string,
  values: readonly T[],
  texts: Record<T | 'other', string>,
): string =>
  `{% case ${slot} %}${values.map(value => `{% when "${value}" %}${texts[value]}`).join('')}{% else %}${texts.other}{% endcase %}`

type Phrases = {
  greeting: string
  when: string
  where: string
  device: string
  placeValue: string
  deviceValue: string
  /** Under the condition that somebody can be reached. */
  reach: string
  neverAsk: string
  check: Content['check']
}

export const phrases: InEach<Phrases> = {
  en: {
    greeting: greetingOf('Hello'),
    when: 'When',
    where: 'Where',
    device: 'Device',
    placeValue: known('place', 'we do not know the place'),
    deviceValue: known('device', 'we do not know the device'),
    reach: 'If you would rather talk to somebody: {{ contact }}',
    neverAsk: 'Nobody at {{ product }} will ever ask you for your password or for a code.',
    check: {
      title: 'Is this message really from us?',
      says: 'Type {{ verify }} in your browser and enter this code there. It only shows that the message is genuine; it opens nothing.',
      code: 'Code:',
    },
  },
  de: {
    greeting: greetingOf('Guten Tag'),
    when: 'Wann',
    where: 'Wo',
    device: 'Gerät',
    placeValue: known('place', 'der Ort ist uns nicht bekannt'),
    deviceValue: known('device', 'das Gerät ist uns nicht bekannt'),
    reach: 'Wenn Sie lieber mit jemandem sprechen möchten: {{ contact }}',
    neverAsk: 'Niemand von {{ product }} wird Sie je nach Ihrem Passwort oder nach einem Code fragen.',
    check: {
      title: 'Ist diese Nachricht wirklich von uns?',
      says: 'Tippen Sie {{ verify }} in Ihren Browser und geben Sie dort diesen Code ein. Er zeigt nur, dass die Nachricht echt ist; öffnen lässt sich damit nichts.',
      code: 'Code:',
    },
  },
  es: {
    greeting: greetingOf('Hola', ':', ', '),
    when: 'Cuándo',
    where: 'Dónde',
    device: 'Dispositivo',
    placeValue: known('place', 'no sabemos el lugar'),
    deviceValue: known('device', 'no sabemos qué dispositivo'),
    reach: 'Si prefiere hablar con alguien: {{ contact }}',
    neverAsk: 'Nadie de {{ product }} le pedirá nunca su contraseña ni un código.',
    check: {
      title: '¿Este mensaje es realmente nuestro?',
      says: 'Escriba {{ verify }} en su navegador e introduzca allí este código. Solo sirve para comprobar que el mensaje es auténtico; no abre nada.',
      code: 'Código:',
    },
  },
}

/** Time, place and device of what a person did. */
export const factsOf = (language: Language) => {
  const { when, where, device, placeValue, deviceValue } = phrases[language]
  return {
    kind: 'facts' as const,
    facts: [
      { label: when, value: at('time') },
      { label: where, value: placeValue },
      { label: device, value: deviceValue },
    ],
  }
}

export const reachOf = (language: Language) => ({ when: 'contact', say: phrases[language].reach })
