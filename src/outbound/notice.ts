/** The one notice that a person gets when more was asked for than is sent. Plain words, no link, nothing to hurry about. */
export function noticeText(className: string): { subject: string; text: string; html?: string } {
  const what = className === 'password-reset' ? 'password-reset mails' : 'security mails'
  return {
    subject: 'We have paused repeated mails to you',
    text: `Somebody has asked for ${what} for this address several times in a short while.
To keep your mailbox quiet we have stopped sending more of them for now. Messages about your own
sign-ins and changes to your account still reach you.

If this was you: use the newest mail you already have, or try again in an hour.

If it was not you: you need not do anything. Asking for a mail gives nobody access to your account.
If you are unsure, open the app or the website the way you always do, and look at the recent activity of
your account there.
`,
  }
}
