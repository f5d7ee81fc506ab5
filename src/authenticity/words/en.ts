import type { Words } from './words.ts'

const typeIt = 'Open our site by typing its address into your browser yourself.'

export const en: Words = {
  asked: {
    title: 'This mail is ours, and you asked for it',
    advice:
      'It was sent to the address that you gave, or that its To line names. If that is not yours, it was not meant for you: do not use it. Otherwise: it was asked for from a device that is known to be yours, or you confirmed it yourself. You can use it. Do not pass its link or number on to anyone: we never ask for it.',
  },
  unconfirmed: {
    request: {
      title: 'This mail is ours; only you know whether you asked for it',
      advice:
        'It was sent to the address that you gave, or that its To line names; if that is not yours, do not use it. Somebody asked for it from a device or place that we do not know. If that was you, you can use it. If it was not, ignore it: without this mail nobody gets any further. Do not pass its link or number on to anyone.',
    },
    unrecorded: {
      title: 'This mail is ours; we have no record of who asked for it',
      advice: `It is genuine, and was sent to the address that you gave, or that its To line names; if that is not yours, do not use it. If you asked for it or expected it, you can use it. If not, do not use its link or number; to look after your account: ${typeIt} Do not pass its link or number on to anyone.`,
    },
    event: {
      title: 'This mail is ours',
      advice: `It was sent to the address that you gave, or that its To line names; if that is not yours, do not use it. We send such mails by ourselves when something happens in an account; nobody has to ask for them. If it was you, there is nothing to do. If it was not, do this now: ${typeIt} Sign in there and change your password.`,
    },
    campaign: {
      title: 'This mail is ours',
      advice: `We sent it to the address that you gave, or that its To line names, and to others, without being asked; if that address is not yours, do not use it. If you want to do what it says, there is time. ${typeIt}`,
    },
  },
  'not-asked': {
    title: 'This mail is ours, but you did not ask for it',
    advice: `Somebody else asked for it, or it was reported as not asked for. Ignore it, and do not use its links or numbers. If you are worried about your account: ${typeIt}`,
  },
  'sent-in-error': {
    title: 'We sent this mail by mistake',
    advice:
      'The mail is ours, and the fault is ours as well: it should not have reached you. Ignore it, and do not use its links or numbers. You do not have to do anything because of it. We are sorry.',
  },
  altered: {
    title: 'The code is real, but this is not the mail as we sent it',
    advice: `Do not use the links or numbers in it, and do not answer it. If you want to be sure about your account: ${typeIt}`,
  },
  'not-ours': {
    title: 'Nothing in this mail shows that it is ours',
    advice: `It has no code of ours and no signature of ours. Do not use its links, do not open what is attached, and do not answer it. If you copied only the visible text, try again with the whole mail as a file. If you want to be sure about your account: ${typeIt}`,
  },
  unknown: {
    title: 'We cannot confirm this mail',
    advice: `We know of no mail with this code to this address. Look whether both are typed correctly; the address must be the one that the mail was sent to. If they are, be careful: do not use its links. ${typeIt}`,
  },
  reasons: {
    content: 'What it says differs from what we sent.',
    added: 'Something was added to what we sent. Mailing lists and forwarding do this, and so do forgers.',
    're-encoded': 'It was written anew on its way, as some mail systems do, so that it can no longer be checked fully.',
    signature: 'Its signature does not hold.',
    'no-match': 'Its code and its recipient fit no mail that we sent. Forwarding can cause this, and so can a forger.',
    'other-recipient':
      'It is a mail of ours, but it was sent to somebody else and passed on to you. It was not meant for you; people who want to deceive do this.',
    unsigned: 'It says what we sent, but we cannot check its signature.',
    'no-code': 'It has our signature, but the code that each of our mails has is missing.',
    inline: 'It was forwarded within your text, where it cannot be checked. Forward it as an attachment.',
    unreadable: 'We could not read it as a mail. Save the whole mail as a file, and choose that file.',
  },
  report: {
    subject: 'About the mail that you sent us',
    intro: 'Thank you for sending us the mail. We have looked at it.',
  },
  classes: {
    'password-reset': 'Password reset',
    'sign-in-alert': 'Notice of a sign-in',
    'credential-changed': 'Notice of a changed sign-in method',
    'recovery-changed': 'Notice of changed recovery data',
    'forced-reset': 'Request to set a new password',
    'activity-review': 'Request to look at your account',
    'breach-notice': 'Notice of a security incident',
    'incident-update': 'News about an incident',
    correction: 'Correction',
    other: 'Message',
  },
  page: {
    heading: 'Is this mail really from us?',
    intro: 'You got a mail that looks like ours. Check it here.',
    teaching:
      'Each of our mails has a code that only we can confirm, and only together with the address it was sent to. When in doubt, follow no link in a mail: type our address into your browser yourself.',
    byCode: 'Check the code',
    code: 'Code on the mail',
    codeHint: '12 letters and digits, such as 0000‑0000‑0000. Large or small letters, with or without dashes.',
    address: 'Your mail address',
    addressHint: 'The address that the mail was sent to.',
    checkCode: 'Check the code',
    byMail: 'Or check the whole mail',
    byMailHint: 'We look at the mail once and do not keep it. Nothing in it is opened or loaded.',
    file: 'Mail as a file',
    fileHint: 'In most mail programs: “Save as” or “Download message” (.eml).',
    source: 'Or its source text',
    sourceHint: 'In most mail programs: “Show original” or “View source”. Copy all of it and paste it here.',
    checkMail: 'Check the mail',
    kind: 'Kind of mail',
    sent: 'Sent',
    result: 'Result',
    again: 'Check another mail',
    problem: 'Please look at this once more',
    codeMissing: 'Enter the code that is on the mail.',
    codeMalformed: 'A code has 12 letters and digits. Look whether one is missing.',
    addressMissing: 'Enter the address that the mail was sent to.',
    addressMalformed: 'Enter a whole address, such as name@example.org.',
    mailMissing: 'Choose a file, or paste the source text of the mail.',
    mailTooLarge: 'The mail is too large to be checked here. Check it by its code.',
    unreadable: 'The form did not arrive whole. Please try again.',
    busy: 'Very many mails are being checked just now. Please try again in half a minute.',
    away: 'We cannot check mails just now. Please try again in a minute.',
  },
}
