import { whole } from './phrase.ts'
import type { Words } from './words.ts'

const now =
  '(?:sofort|umgehend|unverzüglich|schnellstmöglich|augenblicklich|auf der stelle|jetzt gleich|so (?:schnell|bald) wie möglich)'
const secret =
  '(?:passw(?:or|ör)t(?:e|es|er)?|kennw(?:or|ör)t(?:e|es|er)?|pin|tan|codes?|sicherheitscodes?|wiederherstellungscodes?|kartennummer|kontonummer|bankdaten|zugangsdaten|anmeldedaten|geburtsdatum|ausweisnummer)'

export const german: Words = {
  urgency: [
    {
      pattern: whole(
        '(?:(?:handeln|reagieren|antworten|klicken|bestätigen|ändern|melden|prüfen|sichern) sie|(?:handle|reagiere|antworte|klick|klicke|bestätige|ändere|prüfe|sichere)) (?:bitte )?(?:jetzt|noch heute|sofort|umgehend|schnell|unverzüglich)',
      ),
      better: 'Sagen, bis wann etwas möglich ist: „Der Link gilt bis 14:30 Uhr.“',
    },
    {
      pattern: whole(
        `${now}(?:e[snrm]?)?(?: zu)? (?:handeln|reagieren|antworten|klicken|bestätigen|ändern|melden|prüfen|sichern|zurücksetzen|aktualisieren|maßnahmen?|handlung|reaktion)`,
      ),
      better: 'Sagen, was zu tun ist, und wenn es eine Frist gibt, welche.',
    },
    {
      pattern: whole(
        `(?:bestätigen|ändern|prüfen|klicken|melden|antworten|aktualisieren|setzen|öffnen|sichern|rufen|kontaktieren|tippen) sie[^.!?\\n]{0,60}(?<!\\p{L})${now}`,
      ),
      better: 'Ohne Eile sagen, was möglich ist: „Sie können Ihr Passwort in der App ändern.“',
    },
    {
      pattern: whole('dringend(?:e[snrm]?|st)?|eilt|eilig|dringlichkeit|notfall'),
      better: 'Weglassen: Der Betreff sagt, was geschehen ist.',
    },
    {
      pattern: whole('(?:handlung|aktion|reaktion|maßnahme|handeln) (?:ist )?erforderlich|handlungsbedarf'),
      better: 'Sagen, welche Handlung: „Neues Passwort wählen“.',
    },
    {
      pattern: whole('letzte[rnsm]? (?:chance|warnung|mahnung|erinnerung|aufforderung|möglichkeit|hinweis)'),
      better: 'Den Tag nennen, ab dem sich etwas ändert, und was.',
    },
    {
      pattern: whole(
        'beeilen sie sich|beeil(?:e)? dich|zögern sie nicht|zögere nicht|warten sie nicht|warte nicht|verlieren sie keine zeit|bevor es zu spät ist|nur noch (?:heute|kurze zeit|wenige (?:stunden|minuten))|die zeit läuft',
      ),
      better: 'Die Frist nennen, und was danach noch möglich ist.',
    },
    {
      pattern: whole(
        'innerhalb (?:von |der nächsten )?\\d{1,3} (?:minuten|stunden|tagen|tage)[^.!?\\n]{0,60}\\b(?:sonst|andernfalls|ansonsten|oder)',
      ),
      better:
        'Datum und Ausweg nennen: „Ab 1. Dezember brauchen Sie zum Anmelden ein neues Passwort. Sie können es jederzeit setzen.“',
    },
    {
      pattern: whole('so (?:schnell|bald) wie möglich|schnellstmöglich'),
      better: 'Sagen, bis wann, oder weglassen.',
      severity: 'warning',
    },
  ],
  fear: [
    {
      pattern: whole('gehackt(?:e[snrm]?)?|hacker(?:n|s|angriff)?|hackerangriffs?'),
      better: 'Sagen, was bekannt ist: „Jemand hat sich mit Ihrem Passwort angemeldet.“',
    },
    {
      pattern: whole('kompromittiert(?:e[snrm]?)?|kompromittierung'),
      better: 'Sagen, was geschehen ist: „Ihr Passwort stand in einer Liste, die andere haben.“',
    },
    {
      pattern: whole(
        'gestohlen(?:e[snrm]?)?|dieb(?:e|en|stahls?)?|kriminelle[nr]?|betrüger(?:n|s|isch\\p{L}*)?|angreifer(?:n|s)?|täter(?:n|s)?',
      ),
      better: 'Sagen, was geschehen ist: „Jemand hat die Daten kopiert, der das nicht durfte.“',
    },
    {
      pattern: whole(
        '(?:konto|zugang|zugriff|profil)s?[^.!?\\n]{0,50}(?<!\\p{L})(?:gesperrt|gelöscht|geschlossen|deaktiviert|eingeschränkt|blockiert|gekündigt)',
      ),
      better:
        'Sagen, was noch geht, was nicht, und wie es wieder geht: „Sobald Sie ein neues Passwort gesetzt haben, können Sie sich wieder anmelden.“',
    },
    {
      pattern: whole(
        'verlieren sie (?:den |ihren |alle |dauerhaft )?(?:zugang|zugriff|daten)|zugriff (?:dauerhaft )?verlieren',
      ),
      better: 'Sagen, was bis wann noch geht und wie es so bleibt.',
    },
    {
      pattern: whole('rechtliche(?:n)? schritte|strafverfolgung|strafanzeige|polizei|staatsanwaltschaft'),
      better: 'Drohungen weglassen. Sagen, was gebraucht wird und warum.',
    },
    {
      pattern: whole(
        'sicherheitswarnung|sicherheitsalarm|(?:kritische|ernste|wichtige|schwere)[snrm]? (?:warnung|bedrohung|alarm|verstoß)|achtung',
      ),
      better: 'Sagen, was geschehen ist: „Neue Anmeldung mit einem Telefon in Berlin“.',
      severity: 'warning',
    },
    {
      pattern: whole(
        'gefahr(?:en)?|gefährlich(?:e[snrm]?)?|bedroh\\p{L}*|katastroph\\p{L}*|verheerend\\p{L}*|alarmierend\\p{L}*|opfern?|panik',
      ),
      better: 'Die Tatsache sagen, und wie viel davon bekannt ist.',
    },
    {
      pattern: whole('(?:in|hohe[snrm]?|große[snrm]?|erhebliche[snrm]?) (?:risiko|gefahr)|gefährdet(?:e[snrm]?)?'),
      better: 'Sagen, was geschehen kann und was dagegen hilft.',
    },
    {
      pattern: whole(
        '(?:verdächtig|ungewöhnlich|auffällig|unbefugt|unberechtigt|betrügerisch|unerlaubt)(?:e[snrm]?)? (?:aktivität(?:en)?|zugriffe?s?|anmeldung(?:en)?|login-?versuche?|anmeldeversuche?|versuche?)',
      ),
      better:
        'Sagen, was wann und wo gesehen wurde: „Eine Anmeldung mit einem Browser, den wir noch nicht kennen, am 24. November um 10:30 Uhr (UTC).“',
      severity: 'warning',
    },
  ],
  genericGreeting: whole(
    'sehr geehrte(?:r)? (?:damen und herren|kund(?:e|en|in|innen)(?: und kunden)?|nutzer(?:in)?|mitglied(?:er)?|kontoinhaber(?:in)?)|liebe(?:r|s)? (?:kund(?:e|en|in|innen)|nutzer(?:in|innen)?|mitglied(?:er)?)|hallo (?:nutzer|kunde|mitglied)',
  ),
  guidance: {
    reason: {
      pattern: whole(
        'weil|grund|wir haben|haben wir|bemerkt|festgestellt|erfahren|darum bekommen|(?:erhalten|bekommen) (?:sie )?diese|angefordert|angefragt|anforderung|beantragt|gebeten|angemeldet|anmeldung|(?:wurden?|haben wir|worden|ist|sind) [^.!?\\n]{0,60}(?:geändert|hinzugefügt|entfernt|zurückgesetzt|ersetzt|gesetzt|eingeschaltet|ausgeschaltet|angelegt|verwendet|benutzt|kopiert|gesendet|verschickt|gelesen|eingerichtet|abgeschaltet)',
      ),
      say: 'Sie bekommen diese Nachricht, weil jemand für Ihr Konto ein neues Passwort angefordert hat.',
    },
    time: {
      pattern: whole(
        'heute|gestern|soeben|gerade eben|vor (?:\\d{1,3}|einer|einem|wenigen|zwei|drei) (?:minuten?|stunden?|tag(?:en)?)',
      ),
      say: 'Wann: 24. November 2026, 10:30 Uhr (UTC).',
    },
    place: {
      pattern: whole(
        'nahe|nähe|raum|region|ort|standort|wo|woher|land|stadt|ip-adresse|netz(?:werk)?|(?:von|mit|auf) (?:einem|einer|ihrem|dem) (?:\\p{L}+ )?(?:app|browser|computer|gerät|telefon|tablet|rechner|smartphone)',
      ),
      say: 'Wo: in der Nähe von Berlin, Deutschland, mit Firefox unter Linux.',
    },
    notYou: {
      pattern: whole(
        '(?:wenn|falls|sofern) (?:sie|du|das|dies|es|diese\\p{L}*|die|der)[^.!?\\n]{0,60}(?<!\\p{L})(?:nicht|kein\\p{L}*|nie|jemand anders?|jemand anderer)|(?:waren sie|sind sie|warst du|bist du)(?: das| es)? nicht|(?:das|dies) (?:waren sie|warst du) nicht|waren (?:nicht sie|sie das nicht)|warst (?:nicht du|du das nicht)|nicht (?:sie|du)\\?|(?:wenn|falls) nicht,|andernfalls|sollte(?:n sie|st du)[^.!?\\n]{0,60}(?<!\\p{L})(?:nicht|kein\\p{L}*)|nicht (?:wieder)?erkennen',
      ),
      say: 'Wenn Sie das nicht waren: Öffnen Sie die App, wählen Sie „Sicherheit“ und beenden Sie alle Sitzungen. Ihr Passwort gilt weiter.',
    },
    withoutLink: {
      pattern: whole(
        '(?:(?:öffnen|starten|nutzen|benutzen|verwenden) sie|(?:öffne|starte|nutze|benutze|verwende)) (?:die|unsere|ihre|deine) (?:[\\p{L}\\p{N}-]+[ -]){0,3}app|in (?:der|unserer|ihrer|deiner) (?:[\\p{L}\\p{N}-]+[ -]){0,2}app|(?:tippen sie|geben sie|tipp|tippe|gib)(?!\\p{L})[^.!?\\n]{0,80}(?<!\\p{L})(?:ein|adresse|browser)|ohne (?:den |diesen |einen )?link|statt (?:den |des |dem )?links?|kein(?:en)? link(?: ist)? nötig|in (?:ihren|deinen) (?:konto|sicherheits)?einstellungen|wie gewohnt|wie sonst auch',
      ),
      say: 'Ohne den Link: Öffnen Sie die App oder tippen Sie example.org in Ihren Browser, und wählen Sie „Sicherheit“.',
    },
  },
  asksForSecret: whole(
    `(?:(?:senden|schicken|nennen|mailen|übermitteln|bestätigen|verifizieren|antworten) sie|(?:geben|teilen) sie (?:uns|mir)|(?:sende|schick|schicke|nenne|maile|bestätige|verifiziere|antworte)|(?:gib|teile) (?:uns|mir)) (?:uns |mir |mit |bitte |jetzt |hier )*(?:(?:ihr|dein)(?:e|en|em)? |das |den |die |dieses |diesen |alle )?(?:aktuelle[sn]? |alte[sn]? |neue[sn]? |volle |vollständige[sn]? )*${secret}`,
  ),
  negation: whole('nie|niemals|nicht|niemand(?:em|en)?|kein(?:e|en|em|er|es)?|ohne|weder|noch'),
  passwordIs: /(?<![\p{L}\p{N}])(?:passwort|kennwort|passphrase)(?: ist ?:?| lautet ?:?| ?:| ?=)\s*(\S{6,64})/iu,
  test: whole(
    '(?:dies ist (?:nur )?ein test|testnachricht|test-?(?:e-?mail|mail|vorlage)|bitte ignorieren|platzhalter|beispieltext|mustertext|ihr text hier|blindtext)',
  ),
  unsubscribe: whole(
    'abbestellen|abmelden von|austragen|newsletter abmelden|keine (?:e-?mails|nachrichten) mehr (?:erhalten|bekommen)',
  ),
  frequent:
    'der die das und sie ihr ihre ist nicht ein eine zu mit von für auf den dem im wir haben wenn oder wurde bei'.split(
      ' ',
    ),
}
