// Security messages as good senders write them, in wording of our own: what the lint must leave alone. Some are plain, some chatty, some
// formal; each says what its class asks for, in the words that occurred to whoever wrote it.

export type SecurityMail = {
  class?: string
  language: 'en' | 'de' | 'es'
  subject: string
  text: string
  html?: string
}

const paragraphs = (text: string): string =>
  text
    .split('\n\n')
    .map(
      part =>
        `<p style="margin:0 0 16px">${part.replaceAll('\n', '<br>').replace(/(https:\/\/\S+[\w/])/g, '<a href="$1" style="color:#0a58ca">$1</a>')}</p>`,
    )
    .join('')

/** As many senders lay mails out: tables within tables, styles on each cell. */
const inTables = (language: string, text: string): string =>
  `<!DOCTYPE html><html lang="${language}"><head><meta charset="utf-8"><title>Example</title><style>@media (max-width:600px){.w{width:100%!important}}</style></head><body style="margin:0;background:#eceff1"><table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:24px"><table class="w" role="presentation" width="600" style="background:#fff"><tr><td style="padding:32px;font:16px/1.5 Arial,sans-serif;color:#263238">${paragraphs(text)}</td></tr><tr><td style="padding:16px 32px;font-size:13px;color:#546e7a">Example Ltd</td></tr></table></td></tr></table></body></html>`

const mail = (
  language: SecurityMail['language'],
  className: string | undefined,
  subject: string,
  text: string,
): SecurityMail => ({
  language,
  subject,
  text,
  ...(className !== undefined && { class: className }),
})
const withHtml = (one: SecurityMail): SecurityMail => ({
  ...one,
  html: inTables(one.language, `${one.text}`),
  text: `${one.text}\n\nExample Ltd`,
})

export const securityMails: SecurityMail[] = [
  withHtml(
    mail(
      'en',
      'password-reset',
      'Reset your Example password',
      `Hi Maya,

We received a request to reset the password for your Example account. It came from Chrome on Windows in Leeds, UK, at 14:02 BST on 3 June.

To pick a new password, use this link within the next hour:
https://id.example.org/p/3f9a

You don't need to use the link: you can also open the Example app and go to Settings, Password.

Didn't ask for this? If you didn't make this request, you can ignore this message. Nothing has changed.`,
    ),
  ),
  mail(
    'en',
    'password-reset',
    'Your reset code is 482 915',
    `Your reset code is 482 915. It works for ten minutes, until 09:41.

We're sending it because someone entered maya.k at the sign-in screen and asked for a code, from an iPhone near Dublin.

Enter the code in the app. If it wasn't you, do nothing, and do not share the code with anybody: our staff will never ask for it.`,
  ),
  mail(
    'en',
    'password-reset',
    'Password reset on forum.example.org',
    `Someone requested a password reset for the following account:

Site: Gardeners' Forum
User name: tomatoes71
When: 2026-03-05 20:11 UTC
IP address: 198.51.100.24

If this was a mistake, or if you did not request it, ignore this mail and nothing will happen.

To reset your password, visit the following address:
https://forum.example.org/reset?key=8d2f

Or go to forum.example.org as you usually do and choose "Lost password".`,
  ),
  withHtml(
    mail(
      'en',
      'sign-in-alert',
      'New sign-in to your Example account',
      `Hello Jonas,

Your account was just signed in to from a new device.

Device: Pixel 9, Android 17
Place: Malmö, Sweden (roughly)
Time: Monday, 2 March 2026, 08:14 CET

Was this you? Great, then you're all set.

Not you? Open the Example app, tap Devices and remove it. Then change your password. We're here to help at any hour.`,
    ),
  ),
  mail(
    'en',
    'sign-in-alert',
    'Sign-in from a new browser',
    `We noticed a sign-in to your account from a browser we haven't seen before.

Safari on a Mac, in Toronto, Canada, 11 May 2026 at 7:55 p.m. EDT

If you recognize this, there's nothing to do.

If you don't recognize it, please review your account activity: sign in to example.org, choose Security, and end the session.`,
  ),
  mail(
    'en',
    'sign-in-alert',
    'Sign-in attempt blocked',
    `Hi Ana,

We blocked a sign-in to your account yesterday at 23:40. The password was right, but the sign-in came from a place we did not expect (Lagos, Nigeria), and no second step was entered.

If this was you, try again from a device you have used before. If this wasn't you, somebody may know your password: choose a new one in the app when you have a minute. Your account is fine until then, since nobody gets in without your second step.`,
  ),
  mail(
    'en',
    'credential-changed',
    'Your password was changed',
    `Hello Priya,

the password of your account was changed on 17 April 2026 at 16:20 IST, from Firefox on Ubuntu in Pune.

If you changed it, all is well.

If you did not, go to example.org/help by typing it into your browser and choose "I can't get into my account", or call us on the number on the back of your card.`,
  ),
  withHtml(
    mail(
      'en',
      'credential-changed',
      'Two-step sign-in is on',
      `Good news, Lee: two-step sign-in is now on for your account. From now on we ask for a code from your authenticator app.

It was set up on 9 January 2026, 12:30 GMT, in Chrome on a Chromebook, near Cardiff.

Keep your backup codes somewhere safe. If you have not set this up yourself, open the app and choose Security to turn it off and to end other sessions.`,
    ),
  ),
  mail(
    'en',
    'credential-changed',
    'A passkey was added to your account',
    `A passkey named "Work laptop" was added to your account today at 10:05 UTC. The request came from the network of your office (203.0.113.9).

You can now sign in with your fingerprint on that laptop.

Not you? Remove the passkey in your account settings and tell the help desk: extension 4400.`,
  ),
  mail(
    'en',
    'recovery-changed',
    'Your recovery phone number was removed',
    `Hi Noor,

You get this message at all of your addresses because your recovery number was removed from your account on 20 August at 06:12 UTC, in the app on an iPad in Rotterdam.

If that was you, there is nothing else to do. You may want to add another way to get back in.

If it was not you, you can undo the change in the app for 30 days.`,
  ),
  mail(
    'en',
    'recovery-changed',
    'E-mail address changed',
    `The e-mail address for your account was changed from this one to another.

When: 28 February 2026, 18:44 CET
Where: Lyon, France
With: Edge on Windows

If you did this, you will not get mail here any longer. If you did not, you can take the change back until 7 March: go to accounts.example.org, choose "Undo" and enter this code: 7KQ4-M2XD`,
  ),
  mail(
    'en',
    'breach-notice',
    'About your data',
    `Dear Mr Okafor,

on 4 May 2026 we learned that a file with data of 1,204 customers could be opened by anyone who knew its address. Your name, postal address and telephone number were in it. Your password and your payment details were not.

We closed the file the same day at 15:30. The log shows that it was opened six times between 1 and 4 May, and we do not know by whom.

What this means: somebody may write to you or call you and know these things about you. Please be careful with such calls. We will not ask you for money or for your password.

We have told the Data Protection Commission. If you have questions, our data protection officer, Ms Byrne, answers them on 01 555 0130.`,
  ),
  withHtml(
    mail(
      'en',
      'breach-notice',
      'Your password was part of a leak elsewhere',
      `Hello Kim,

another company lost a list of e-mail addresses and passwords in March. We compared the list with ours, and the password of your account is on it. Nobody has used it to sign in here.

Because of this we have switched your old password off since 2 April, 09:00 UTC. To choose a new one, open the app, or go to example.org and choose "Forgot password".

If you use the same password elsewhere, it is a good idea to change it there too.`,
    ),
  ),
  mail(
    'en',
    'incident-update',
    'Update 2: mails about new passwords',
    `Hello,

this morning between 08:10 and 08:55 UTC about 3,000 people got a mail from us about a new password that they had not asked for. You are one of them.

We have found the cause: a job ran twice. No account was entered and no password was changed. The links in these mails no longer work.

You do not have to do anything. We write again by 18:00 UTC.`,
  ),
  mail(
    'en',
    'correction',
    'Please disregard our mail of 08:15',
    `Hello Sam,

at 08:15 today we wrote that a new device had signed in to your account. That was a mistake: there was no such sign-in. We are sorry for the worry.

It happened because a test list was mixed up with the real one. Your account is as it was, and there is nothing you need to do.`,
  ),
  mail(
    'en',
    'activity-review',
    'A look at your account',
    `Hi Ida,

we would like you to look at the latest activity of your account, because we see sign-ins from two countries on 6 June 2026 within ten minutes: Norway at 09:02 and Brazil at 09:09.

Open the app and choose Security, then Activity. If you do not recognize one of them, end that session there and choose a new password. If both are yours (a VPN, for example), you need not do anything.`,
  ),
  mail(
    'en',
    'forced-reset',
    'You will need a new password to sign in',
    `Hello Ben,

from 12 October 2026 you will need a new password to sign in. We ask everybody at the school for this because passwords set before 2019 were kept in an old format.

You can set the new one whenever you like: go to portal.example.org and choose "New password", or ask at the library desk. Your files and mails stay where they are.`,
  ),
  mail(
    'en',
    undefined,
    'Your weekly security summary',
    `This week:

- 3 sign-ins, all from devices you know
- no changes to your password or recovery options
- 2 apps have access to your calendar

You can review all of it in the app, under Security.`,
  ),
  withHtml(
    mail(
      'de',
      'password-reset',
      'Passwort zurücksetzen',
      `Hallo Jana,

du hast am 12. Mai um 9:31 Uhr ein neues Passwort für dein Konto angefordert (Firefox unter Windows, Raum Köln).

Hier kannst du es festlegen, der Link gilt eine Stunde:
https://konto.example.org/neu/91

Ohne Link geht es auch: in der App unter „Konto“.

Falls du das nicht warst, kannst du diese Mail löschen. Es ändert sich nichts.`,
    ),
  ),
  mail(
    'de',
    'password-reset',
    'Ihr Code zum Zurücksetzen des Passworts',
    `Guten Tag Herr Brandt,

Ihr Code lautet 731 204. Er gilt bis 16:45 Uhr.

Angefordert wurde er in der Sparkassen-App auf einem Telefon in der Nähe von Ulm. Geben Sie den Code nur dort ein; am Telefon fragt Sie niemand von uns danach.

Haben Sie keinen Code angefordert? Wenn Sie es nicht waren, brauchen Sie nichts zu tun.`,
  ),
  mail(
    'de',
    'sign-in-alert',
    'Neue Anmeldung mit einem iPad',
    `Hallo Herr Yilmaz,

mit Ihrem Konto hat sich am 3. März 2026 um 21:14 Uhr jemand auf einem iPad in Hannover angemeldet. Dieses Gerät kannten wir bisher nicht.

Waren Sie das? Dann ist alles in Ordnung.

Wenn nicht, melden Sie das Gerät bitte ab: in der App unter „Sicherheit“, „Geräte“. Danach empfehlen wir ein neues Passwort.`,
  ),
  withHtml(
    mail(
      'de',
      'sign-in-alert',
      'Anmeldung an Ihrem Kundenkonto',
      `Sehr geehrte Frau Dr. Lindner,

am 30.01.2026 um 07:58 Uhr gab es eine Anmeldung an Ihrem Kundenkonto.

Gerät: Chrome auf einem Mac
Ort: Zürich (ungefähr)

Sollten Sie sich nicht selbst angemeldet haben, erreichen Sie uns rund um die Uhr unter 0800 5550199. Ihr Kontostand ist davon nicht berührt, denn jede Überweisung braucht eine Freigabe in der App.`,
    ),
  ),
  mail(
    'de',
    'credential-changed',
    'Ihr Passwort wurde geändert',
    `Guten Tag,

das Passwort zu Ihrem Postfach wurde heute um 11:20 Uhr geändert, und zwar über das Selbstbedienungsportal der Universität (Netz: 192.0.2.0).

Haben Sie das selbst getan, ist nichts weiter nötig. Wenn nicht, wenden Sie sich an den Service Desk im Rechenzentrum, Raum 014.`,
  ),
  mail(
    'de',
    'credential-changed',
    'Zwei-Faktor-Anmeldung eingeschaltet',
    `Hallo Mehmet,

seit dem 8. September 2026, 13:05 Uhr, ist für dein Konto die Zwei-Faktor-Anmeldung eingeschaltet (Firefox auf Linux, bei Graz).

Ab jetzt fragen wir beim Anmelden zusätzlich nach einem Code aus deiner App. Bewahre die Ersatzcodes gut auf.

Falls du das nicht warst: Öffne die App, geh auf „Sicherheit“ und schalte sie wieder aus.`,
  ),
  mail(
    'de',
    'recovery-changed',
    'Neue Telefonnummer für Ihr Konto',
    `Guten Tag Frau Novak,

für Ihr Konto wurde am 19. Juli 2026 um 18:02 Uhr eine neue Telefonnummer hinterlegt, in der App auf einem Android-Gerät in Wien. Sie bekommen diese Nachricht, weil Ihre bisherige Adresse noch gilt.

War das nicht Ihre Änderung? Falls Sie diese Nummer nicht kennen, können Sie sie in der App unter „Konto wiederherstellen“ entfernen.`,
  ),
  withHtml(
    mail(
      'de',
      'breach-notice',
      'Information zu einem Vorfall mit Ihren Daten',
      `Sehr geehrter Herr Adler,

am 2. Februar 2026 haben wir bemerkt, dass eine Sicherung unserer Kundendatei offen im Netz lag. Darin standen Ihr Name, Ihre Anschrift und Ihre Bestellungen des letzten Jahres. Passwörter und Kontodaten standen nicht darin.

Wir haben die Datei am selben Tag entfernt und die Landesbeauftragte für Datenschutz unterrichtet.

Es kann sein, dass jemand diese Angaben für Werbung oder für falsche Rechnungen benutzt. Bitte zahlen Sie nur Rechnungen, die Sie auch in Ihrem Kundenkonto sehen.

Fragen beantwortet unsere Datenschutzbeauftragte, Frau Hof, unter 030 5550144.`,
    ),
  ),
  mail(
    'de',
    'incident-update',
    'Stand 14 Uhr: Anmeldung wieder möglich',
    `Guten Tag,

seit 13:40 Uhr können Sie sich wieder anmelden. Zwischen 9:15 und 13:40 Uhr war das nicht möglich, weil bei einem Update die Verbindung zu unserer Datenbank abgebrochen ist.

Ihre Daten sind vollständig. Sie brauchen nichts zu tun.

Den Bericht dazu lesen Sie morgen auf unserer Statusseite.`,
  ),
  mail(
    'de',
    'correction',
    'Unsere Mail von heute früh war ein Irrtum',
    `Liebe Frau Kern,

heute um 6:10 Uhr haben wir Ihnen geschrieben, Ihr Passwort sei geändert worden. Das stimmt nicht: Es ist dasselbe wie gestern. Die Mail ging durch einen Fehler an die falsche Liste.

Bitte entschuldigen Sie die Aufregung. Sie müssen nichts unternehmen.`,
  ),
  withHtml(
    mail(
      'es',
      'password-reset',
      'Restablecer la contraseña',
      `Hola, Lucía:

Hemos recibido una solicitud para restablecer la contraseña de tu cuenta el 5 de abril a las 19:20, desde un móvil Android en Sevilla.

Puedes crear una nueva aquí durante la próxima hora:
https://cuenta.example.org/r/77a

También puedes hacerlo sin el enlace: abre la aplicación y entra en Ajustes.

Si no has sido tú, no hagas nada: tu contraseña sigue siendo la misma.`,
    ),
  ),
  mail(
    'es',
    'password-reset',
    'Su código es 550 318',
    `Su código para cambiar la contraseña es 550 318 y vale hasta las 12:15.

Se ha pedido desde Chrome en Windows, cerca de Bilbao. Escríbalo solo en nuestra web; nadie de nuestro equipo se lo pedirá por teléfono.

Si no lo ha pedido usted, puede borrar este mensaje.`,
  ),
  mail(
    'es',
    'sign-in-alert',
    'Nuevo acceso a su cuenta',
    `Buenos días, señora Ferrer:

El 14 de junio de 2026 a las 8:03 se inició sesión en su cuenta desde un dispositivo nuevo: Safari en un iPhone, en Valencia.

Si ha sido usted, todo está bien.

Si no reconoce este acceso, abra la aplicación, entre en «Seguridad» y cierre esa sesión. Después puede cambiar la contraseña con calma.`,
  ),
  withHtml(
    mail(
      'es',
      'sign-in-alert',
      'Inicio de sesión desde Bogotá',
      `Hola, Andrés:

Alguien inició sesión en tu cuenta ayer a las 22:47 (hora de Colombia) con Firefox en Linux, desde Bogotá.

¿Has sido tú? Entonces no tienes que hacer nada.

¿No fuiste tú? Ve a la aplicación, toca «Dispositivos» y quita el que no conozcas.`,
    ),
  ),
  mail(
    'es',
    'credential-changed',
    'Ha cambiado su contraseña',
    `Estimado señor Ramos:

La contraseña de su cuenta se cambió hoy a las 10:32 desde la red de la biblioteca (203.0.113.40).

Si el cambio es suyo, no tiene que hacer nada más. Si no ha sido usted, pase por el mostrador de la planta baja o llame al 900 555 012: lo resolvemos en el momento.`,
  ),
  mail(
    'es',
    'recovery-changed',
    'Se añadió un correo de recuperación',
    `Hola, Inés:

El 2 de octubre de 2026 a las 17:55 se añadió un segundo correo para recuperar tu cuenta, desde la aplicación, en Montevideo.

Si lo has hecho tú, perfecto. Si no reconoces este cambio, quítalo en «Seguridad»: tienes 14 días.`,
  ),
  mail(
    'es',
    'breach-notice',
    'Información sobre sus datos',
    `Estimada señora Vidal:

El 11 de marzo de 2026 supimos que un correo con una lista de pacientes se envió a una dirección equivocada. En la lista estaban su nombre, su fecha de nacimiento y la fecha de su próxima cita. No había diagnósticos.

La persona que lo recibió lo ha borrado y nos lo ha confirmado por escrito. Hemos informado a la Agencia de Protección de Datos.

No tiene que hacer nada. Si quiere hablar con nosotros, pregunte por la señora Prieto en el 900 555 077.`,
  ),
  mail(
    'es',
    'correction',
    'Nuestro correo de ayer se envió por error',
    `Hola, Pablo:

Ayer a las 21:05 te escribimos que habías pedido una contraseña nueva. No era cierto: fue un error nuestro al probar un programa nuevo.

Tu cuenta está como siempre y el enlace de aquel correo ya no funciona. Sentimos el susto.`,
  ),
]
