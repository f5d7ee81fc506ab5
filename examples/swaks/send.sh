#!/bin/sh
# Sends one password-reset mail through Tocsin, as any SMTP client would. usage: send.sh RECIPIENT [CAUSE-ID [ACCOUNT]]
# Settings: TOCSIN_SMTP (host:port, default 127.0.0.1:2525), TOCSIN_SMTP_CREDENTIAL (user:password).
set -eu
recipient=${1:?usage: send.sh RECIPIENT [CAUSE-ID [ACCOUNT]]}
credential=${TOCSIN_SMTP_CREDENTIAL:?set TOCSIN_SMTP_CREDENTIAL to user:password}

set -- --h-X-Tocsin-Class password-reset \
  ${2:+--h-X-Tocsin-Cause "$2"} \
  ${3:+--h-X-Tocsin-Account "$3"}

exec swaks --server "${TOCSIN_SMTP:-127.0.0.1:2525}" --tls-optional --timeout 20 --hide-informational \
  --auth PLAIN --auth-user "${credential%%:*}" --auth-password "${credential#*:}" --auth-hide-password \
  --from security@example.org --to "$recipient" \
  --h-Subject 'Choose a new password' \
  --body 'Follow https://example.org/reset/abc to choose a new password.' \
  "$@"
