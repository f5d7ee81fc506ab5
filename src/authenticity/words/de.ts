import type { Words } from './words.ts'

const typeIt = 'Öffnen Sie unsere Seite, indem Sie die Adresse selbst in den Browser eintippen.'

export const de: Words = {
  asked: {
    title: 'Diese Mail ist von uns, und Sie haben sie angefordert',
    advice:
      'Sie ging an die Adresse, die Sie angegeben haben oder die in der Zeile „An“ steht. Ist das nicht Ihre, war sie nicht für Sie bestimmt: Verwenden Sie sie nicht. Sonst gilt: Angefordert wurde sie von einem Gerät, das als Ihres bekannt ist, oder Sie haben sie selbst bestätigt. Sie können sie verwenden. Geben Sie den Link oder die Zahl darin an niemanden weiter: Wir fragen nie danach.',
  },
  unconfirmed: {
    request: {
      title: 'Diese Mail ist von uns; ob Sie sie angefordert haben, wissen nur Sie',
      advice:
        'Sie ging an die Adresse, die Sie angegeben haben oder die in der Zeile „An“ steht; ist das nicht Ihre, verwenden Sie sie nicht. Jemand hat sie von einem Gerät oder Ort angefordert, den wir nicht kennen. Waren Sie es, können Sie sie verwenden. Waren Sie es nicht, beachten Sie sie nicht: Ohne diese Mail kommt niemand weiter. Geben Sie den Link oder die Zahl darin an niemanden weiter.',
    },
    unrecorded: {
      title: 'Diese Mail ist von uns; wer sie angefordert hat, ist uns nicht bekannt',
      advice: `Sie ist echt und ging an die Adresse, die Sie angegeben haben oder die in der Zeile „An“ steht; ist das nicht Ihre, verwenden Sie sie nicht. Haben Sie sie angefordert oder erwartet, können Sie sie verwenden. Sonst verwenden Sie weder Link noch Zahl daraus; um nach Ihrem Konto zu sehen: ${typeIt} Geben Sie den Link oder die Zahl darin an niemanden weiter.`,
    },
    event: {
      title: 'Diese Mail ist von uns',
      advice: `Sie ging an die Adresse, die Sie angegeben haben oder die in der Zeile „An“ steht; ist das nicht Ihre, verwenden Sie sie nicht. Solche Mails schicken wir von uns aus, wenn in einem Konto etwas geschieht; niemand muss sie anfordern. Waren Sie es, ist nichts zu tun. Waren Sie es nicht, tun Sie jetzt dies: ${typeIt} Melden Sie sich dort an und ändern Sie Ihr Passwort.`,
    },
    campaign: {
      title: 'Diese Mail ist von uns',
      advice: `Wir haben sie an die Adresse, die Sie angegeben haben oder die in der Zeile „An“ steht, und an andere geschickt, ohne dass jemand sie angefordert hat; ist diese Adresse nicht Ihre, verwenden Sie sie nicht. Wenn Sie tun möchten, was darin steht, ist dafür Zeit. ${typeIt}`,
    },
  },
  'not-asked': {
    title: 'Diese Mail ist von uns, aber Sie haben sie nicht angefordert',
    advice: `Jemand anderes hat sie angefordert, oder sie wurde als nicht angefordert gemeldet. Beachten Sie sie nicht, und verwenden Sie weder Links noch Zahlen daraus. Wenn Sie sich um Ihr Konto sorgen: ${typeIt}`,
  },
  'sent-in-error': {
    title: 'Diese Mail haben wir irrtümlich geschickt',
    advice:
      'Die Mail ist von uns, und der Fehler liegt bei uns: Sie hätte Sie nicht erreichen sollen. Beachten Sie sie nicht, und verwenden Sie weder Links noch Zahlen daraus. Sie müssen ihretwegen nichts tun. Es tut uns leid.',
  },
  altered: {
    title: 'Der Code ist echt, aber so haben wir diese Mail nicht geschickt',
    advice: `Verwenden Sie weder Links noch Zahlen daraus, und antworten Sie nicht. Wenn Sie wegen Ihres Kontos sichergehen möchten: ${typeIt}`,
  },
  'not-ours': {
    title: 'Nichts an dieser Mail zeigt, dass sie von uns ist',
    advice: `Sie trägt weder unseren Code noch unsere Signatur. Verwenden Sie keine Links daraus, öffnen Sie keine Anhänge, und antworten Sie nicht. Wenn Sie nur den sichtbaren Text kopiert haben, versuchen Sie es noch einmal mit der ganzen Mail als Datei. Wenn Sie wegen Ihres Kontos sichergehen möchten: ${typeIt}`,
  },
  unknown: {
    title: 'Wir können diese Mail nicht bestätigen',
    advice: `Eine Mail mit diesem Code an diese Adresse kennen wir nicht. Prüfen Sie, ob beides richtig eingegeben ist; es muss die Adresse sein, an die die Mail ging. Wenn ja, seien Sie vorsichtig: Verwenden Sie keine Links daraus. ${typeIt}`,
  },
  reasons: {
    content: 'Was darin steht, weicht von dem ab, was wir geschickt haben.',
    added:
      'Zu dem, was wir geschickt haben, wurde etwas hinzugefügt. Mailinglisten und Weiterleitungen tun das, Fälscher auch.',
    're-encoded':
      'Sie wurde unterwegs neu geschrieben, wie manche Mailsysteme es tun, und lässt sich deshalb nicht mehr ganz prüfen.',
    signature: 'Ihre Signatur stimmt nicht.',
    'no-match':
      'Ihr Code und ihr Empfänger passen zu keiner Mail, die wir geschickt haben. Das kann an einer Weiterleitung liegen oder an einem Fälscher.',
    'other-recipient':
      'Die Mail ist von uns, ging aber an jemand anderen und wurde Ihnen weitergeleitet. Sie war nicht für Sie bestimmt; wer täuschen will, macht das so.',
    unsigned: 'Sie sagt, was wir geschickt haben, aber ihre Signatur können wir nicht prüfen.',
    'no-code': 'Sie trägt unsere Signatur, aber der Code fehlt, den jede unserer Mails hat.',
    inline:
      'Sie wurde innerhalb Ihres Textes weitergeleitet, wo sie sich nicht prüfen lässt. Leiten Sie sie als Anhang weiter.',
    unreadable:
      'Wir konnten sie nicht als Mail lesen. Speichern Sie die ganze Mail als Datei, und wählen Sie diese Datei.',
  },
  report: {
    subject: 'Zu der Mail, die Sie uns geschickt haben',
    intro: 'Danke, dass Sie uns die Mail geschickt haben. Wir haben sie angesehen.',
  },
  classes: {
    'password-reset': 'Zurücksetzen des Passworts',
    'sign-in-alert': 'Hinweis auf eine Anmeldung',
    'credential-changed': 'Hinweis auf eine geänderte Anmeldemethode',
    'recovery-changed': 'Hinweis auf geänderte Wiederherstellungsdaten',
    'forced-reset': 'Bitte um ein neues Passwort',
    'activity-review': 'Bitte um einen Blick auf Ihr Konto',
    'breach-notice': 'Hinweis auf einen Sicherheitsvorfall',
    'incident-update': 'Neues zu einem Vorfall',
    correction: 'Berichtigung',
    other: 'Nachricht',
  },
  page: {
    heading: 'Ist diese Mail wirklich von uns?',
    intro: 'Sie haben eine Mail erhalten, die nach uns aussieht. Hier können Sie sie prüfen.',
    teaching:
      'Jede unserer Mails trägt einen Code, den nur wir bestätigen können, und nur zusammen mit der Adresse, an die sie ging. Im Zweifel folgen Sie keinem Link in einer Mail: Tippen Sie unsere Adresse selbst in den Browser ein.',
    byCode: 'Den Code prüfen',
    code: 'Code auf der Mail',
    codeHint: '12 Buchstaben und Ziffern, etwa 0000‑0000‑0000. Groß oder klein, mit oder ohne Striche.',
    address: 'Ihre Mailadresse',
    addressHint: 'Die Adresse, an die die Mail ging.',
    checkCode: 'Code prüfen',
    byMail: 'Oder die ganze Mail prüfen',
    byMailHint: 'Wir sehen die Mail einmal an und behalten sie nicht. Nichts daraus wird geöffnet oder geladen.',
    file: 'Mail als Datei',
    fileHint: 'In den meisten Mailprogrammen: „Speichern unter“ oder „Nachricht herunterladen“ (.eml).',
    source: 'Oder ihr Quelltext',
    sourceHint:
      'In den meisten Mailprogrammen: „Original anzeigen“ oder „Quelltext“. Kopieren Sie alles und fügen Sie es hier ein.',
    checkMail: 'Mail prüfen',
    kind: 'Art der Mail',
    sent: 'Geschickt',
    result: 'Ergebnis',
    again: 'Eine andere Mail prüfen',
    problem: 'Bitte sehen Sie noch einmal hin',
    codeMissing: 'Geben Sie den Code ein, der auf der Mail steht.',
    codeMalformed: 'Ein Code hat 12 Buchstaben und Ziffern. Sehen Sie nach, ob etwas fehlt.',
    addressMissing: 'Geben Sie die Adresse ein, an die die Mail ging.',
    addressMalformed: 'Geben Sie eine ganze Adresse ein, etwa name@example.org.',
    mailMissing: 'Wählen Sie eine Datei, oder fügen Sie den Quelltext der Mail ein.',
    mailTooLarge: 'Die Mail ist zu groß, um hier geprüft zu werden. Prüfen Sie sie mit ihrem Code.',
    unreadable: 'Das Formular kam nicht ganz an. Bitte versuchen Sie es noch einmal.',
    busy: 'Gerade werden sehr viele Mails geprüft. Bitte versuchen Sie es in einer halben Minute noch einmal.',
    away: 'Gerade können wir keine Mails prüfen. Bitte versuchen Sie es in einer Minute noch einmal.',
  },
}
