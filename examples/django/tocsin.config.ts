// The credential is for one class, so that mails need no header to say which it is.
export default { application: { classes: ['password-reset'] } }
