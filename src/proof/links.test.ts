import { describe, expect, it } from 'vitest'
import { linksIn } from './links.ts'

describe('links in a text', () => {
  it.each<[string, string[]]>([
    ['Nothing here. Nor here, e.g. there.', []],
    ['Go to https://example.org/reset?a=1.', ['https://example.org/reset?a=1']],
    ['<https://example.org/x>', ['https://example.org/x']],
    ['(see https://example.org/x)', ['https://example.org/x']],
    ['https://a@evil.com:80/x', ['https://a@evil.com:80/x']],
    ['www.example.org', ['www.example.org']],
    ['example.org, and example.co.uk/x!', ['example.org', 'example.co.uk/x']],
    ['evil.com.Please', ['evil.com']],
    ['http://localhost:3000/x and http://[::1]/', ['http://localhost:3000/x', 'http://[::1]/']],
    ['http://203.0.113.7/x', ['http://203.0.113.7/x']],
    ['请访问example.org。谢谢', ['example.org']],
    ['例子.中国', ['例子.中国']],
    ['bücher.de', ['bücher.de']],
    ['ann@example.org', []],
    ['a.b.c 1.2.3 v1.2.b 5.0.0.rc1', []],
    ['Chrome/120.0.6099.230 Build/TP1A.220624.014', []],
    ['photo.jpg, report.pdf, page.html, index.php, Node.js', []],
    ['printer.local and db.internal', []],
    ['...com, .com, com.', []],
    ['myapp://open', ['myapp://open']],
  ])('%s', (text, written) => expect(linksIn(text).map(link => link.written)).toEqual(written))

  it.each([
    'done.It was',
    'now.To undo',
    'Dr.Li said',
    'St.Pm',
    'Frau Prof.Be',
  ])('excuses %s, but not where nothing is', text => {
    expect(linksIn(text)).toEqual([])
    expect(linksIn(text, { strict: true })).toHaveLength(1)
  })

  it.each(['evil.It/x', 'evil.It:80', 'Dr.Li/x', 'evil.it'])('does not excuse %s', text =>
    expect(linksIn(text)).toHaveLength(1))
})
