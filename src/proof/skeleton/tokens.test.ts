import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalized } from './look.ts'
import { isInstant, tokensMax, tokensOf } from './tokens.ts'

const seed = Math.floor(Math.random() * 2 ** 31)
const shown = (part: 'text' | 'html', text: string) => tokensOf(part, text)!.map(token => `${token.kind} ${token.text}`)

describe('the tokens of a part', () => {
  it.each<[string, string[]]>([
    ['Hello Anna,', ['word Hello', 'space  ', 'word Anna', 'sign ,']],
    ['code AB12-99x: 123456', ['word code', 'space  ', 'code AB12-99x', 'sign :', 'space  ', 'number 123456']],
    [
      'go https://a.example/r/t0k?x=1.',
      [
        'word go',
        'space  ',
        'origin https://a.example',
        'url-delimiter /',
        'url-piece r',
        'url-delimiter /',
        'url-piece t0k',
        'url-delimiter ?',
        'url-piece x',
        'url-delimiter =',
        'url-piece 1',
        'sign .',
      ],
    ],
    ['to a.b+c@mail.example!', ['word to', 'space  ', 'address a.b+c@mail.example', 'sign !']],
    [
      'on Nov 24, 2026 at 18:08 UTC from',
      ['word on', 'space  ', 'time Nov 24, 2026 at 18:08 UTC', 'space  ', 'word from'],
    ],
    [
      'you may go 3 times',
      ['word you', 'space  ', 'word may', 'space  ', 'word go', 'space  ', 'number 3', 'space  ', 'word times'],
    ],
    [
      'from 10.0.0.1 or 2001:db8::1',
      ['word from', 'space  ', 'ip 10.0.0.1', 'space  ', 'word or', 'space  ', 'ip 2001:db8::1'],
    ],
    ['王小明 様', ['word 王', 'word 小', 'word 明', 'space  ', 'word 様']],
    ['a\nb\n\nc', ['word a', 'line \n', 'word b', 'paragraph \n\n', 'word c']],
  ])('%j', (text, then) => {
    expect(shown('text', text)).toEqual(then)
  })

  it('of HTML are tags, attributes and what stands in them', () => {
    const html =
      '<a class="b" href="https://a.example/r?t=1&amp;u=2">Go</a><!--[if mso]><i><![endif]--><br/><style>a{b:c}</style>'
    expect(shown('html', html)).toEqual([
      'tag <a',
      'attribute  class="',
      'value b',
      'attribute "',
      'attribute  href="',
      'origin https://a.example',
      'url-delimiter /',
      'url-piece r',
      'url-delimiter ?',
      'url-piece t',
      'url-delimiter =',
      'url-piece 1',
      'url-delimiter &',
      'url-piece amp',
      'url-delimiter ;',
      'url-piece u',
      'url-delimiter =',
      'url-piece 2',
      'attribute "',
      'tag >',
      'word Go',
      'tag </a',
      'tag >',
      'tag <!--[if mso]>',
      'tag <i',
      'tag >',
      'tag <![endif]-->',
      'tag <br',
      'tag />',
      'tag <style',
      'tag >',
      'raw a{b:c}',
      'tag </style',
      'tag >',
    ])
  })

  it(`are the part again, whatever it is, or too many (seed ${seed})`, () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '<',
        '>',
        '"',
        '<a href="',
        '<!--',
        '<style>',
        '</',
        'https://a.b/',
        '@x.y',
        '\n\n',
        'May 3',
        '12:30',
        '=',
        "'",
        '&',
        '\ud800',
        '::',
      ),
    )
    const any = fc.array(piece, { maxLength: 60 }).map(pieces => pieces.join(''))
    fc.assert(
      fc.property(any, fc.constantFrom('text' as const, 'html' as const, 'subject' as const), (text, part) => {
        const clean = normalized(part, text)
        expect(
          tokensOf(part, clean)!
            .map(token => token.text)
            .join(''),
        ).toBe(clean)
        expect(normalized(part, clean)).toBe(clean)
      }),
      { seed, numRuns: 1500 },
    )
    expect(tokensOf('text', 'a '.repeat(tokensMax))).toBeUndefined()
  })
})

describe('an instant', () => {
  it.each([
    '2026-11-24',
    '2026-11-24T18:08:00Z',
    '24/11/2026',
    '24.11.26',
    '18:08',
    '6:08 pm',
    'Nov 24, 2026',
    '24 November 2026',
    'Tuesday, November 24th, 2026 at 6:08 PM (UTC)',
    'Tue, 24 Nov 2026 18:08:01 +0000',
    '24. Oktober 2026 um 18:08 Uhr',
    '24 novembre 2026 à 18h08',
    '24 de noviembre de 2026',
    '24 listopada 2026',
    '24 ноября 2026',
    '2026年11月24日 18:08',
    '2026',
  ])('%s', text => {
    expect(isInstant(text)).toBe(true)
  })

  it.each([
    '',
    'May',
    'you may',
    '12',
    'Chrome 131',
    '10.0.0.1',
    '1,000',
    'call 0800 123 456',
    'March on',
    '<b>2026</b>',
    '2026-11-24 call us',
    'https://a.example/2026-11-24',
  ])('%j is none', text => {
    expect(isInstant(text)).toBe(false)
  })
})
