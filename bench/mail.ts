// The mail of the benchmarks: a multipart password reset of 4 KB, as an application sends it.

const bytesWanted = 4_096
const padding =
  'You receive this message because somebody asked for a new password for your account at Example. If that was not you, ignore it: nothing has changed.'

function paragraphs(bytes: number) {
  let text = ''
  for (let n = 1; text.length < bytes; n++) text += `<p style="margin:0">${n}. ${padding}</p>\n`
  return text
}

/**
 * Lines end with LF; senders put CRLF. Without To and Message-ID on purpose: smtp-source repeats one file for distinct recipients, a To
 * that names another address is what a guard is there to refuse, and a Message-ID that repeats is what it is there to notice.
 */
export function benchMail(): string {
  const head = `From: Example <no-reply@example.org>
Subject: Reset your password
Date: Mon, 02 Nov 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="=_bench_boundary"

--=_bench_boundary
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

Follow this link within 15 minutes to choose a new password:
https://example.org/reset/3f9c2d7be1a84c55

--=_bench_boundary
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 7bit

<p>Follow <a href="https://example.org/reset/3f9c2d7be1a84c55">this link</a> within 15 minutes to choose a new password.</p>
`
  const tail = '<p>Example</p>\n\n--=_bench_boundary--\n'
  const body = head + paragraphs(bytesWanted - head.length - tail.length - 2 * padding.length)
  const missing = bytesWanted - body.length - tail.length - '<p></p>\n'.length
  return `${body}<p>${'Example '.repeat(bytesWanted).slice(0, missing)}</p>\n${tail}`
}
