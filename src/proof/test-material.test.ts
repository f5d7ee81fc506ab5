import { describe, expect, it } from 'vitest'
import { testMaterialIn } from './test-material.ts'

const inSubject = (subject: string) =>
  testMaterialIn({ subject, texts: ['Hello Ann, your password was changed.'], urls: [] })
const inText = (text: string, values: string[] = []) =>
  testMaterialIn({ subject: 'Your account', texts: [text], urls: [] }, values)
const inLink = (url: string) => testMaterialIn({ subject: 'Your account', texts: [], urls: [url] })

describe('marks of tests', () => {
  it.each([
    'Hello {{name}},',
    'Hello {{ user.first_name }},',
    'Hello {{{name}}},',
    'Hello {% if name %}Ann{% endif %}',
    'Hello <%= name %>,',
    'Hello <%name%>,',
    `Hello ${'$'}{name},`,
    'Hello $!{user.name},',
    'Hello #{name},',
    'Hello {name},',
    'Hello {0},',
    'Hello {first_name},',
    'Hello %name%,',
    'Hello %%FirstName%%,',
    'Hello *|FNAME|*,',
    'Hello [[name]],',
    'Hello [First Name],',
    'Hello [NAME],',
    'Hello %s,',
    'Hello %1$s,',
    'Hello undefined,',
    'Hello null!',
    'Dear NaN',
    'Your code: undefined',
    'Name:\nnull\n',
    'Hello [object Object],',
    'On Invalid Date somebody signed in.',
    'This template is used by integration tests only.',
    'This is a test.',
    'This is only a test message.',
    'This is an automated test',
    'A test e-mail from the new service',
    'Testing the test mailing',
    'Lorem ipsum dolor sit amet, consectetur',
    'asdf',
    'foo bar baz',
    'Placeholder text',
    'Your text here',
    'TODO: write this',
    'Do not use in production',
    'Dies ist nur ein Test.',
    'Ceci est un test',
    'Esto es una prueba',
    'un correo de prueba',
  ])('in a text: %s', text => expect(inText(text)).toBeDefined())

  it.each([
    'Integration Test Email #1',
    'Test',
    'test 2',
    'TESTING!',
    'asdf',
    '[TEST] Your code',
    '(staging) Your code',
    '[Dev] x',
    'Test email',
  ])('in a subject: %s', subject => expect(inSubject(subject)).toBeDefined())

  it.each([
    'https://example.org/?t={{token}}',
    'https://example.org/undefined',
    'https://example.org/?t=undefined&x=1',
    'https://example.org/u/null/x',
    `${'$'}{url}`,
    '<%= url %>',
  ])('in a link: %s', url => expect(inLink(url)).toBeDefined())
})

describe('what honest mails say', () => {
  it.each([
    'Your COVID-19 test results are ready.',
    'The latest contest ends today; protest is fine.',
    'We have tested the new sign-in and it works.',
    'Save 20% on 3 items and 50% more.',
    'Prices in $ and €, {see below}, [1] and [2]; a < b > c.',
    'Your password may have capital letters, digits and signs such as { } % $ [ ] < >.',
    'The value is undefined behaviour in C, and null in SQL.',
    'Chrome 120 on Linux; x = y[0]; 5 % d',
    'Step [1]: open the app. Step [2]: sign in.',
    'Hello Null, welcome back. Hello None.',
    'Hello Test, your password was changed.',
    'To do: open the app and choose a new password.',
    'Sample rates and sampling; a dummy variable.',
    'Here is your code. Enter it here.',
    'A proof of 100 %; %20 and %C3%BC stand in links.',
    'Foo Fighters tickets: foo@bar is not asked for',
    'Ihr Testament wurde gespeichert. Der Testzugang endet.',
    'body { margin: 0 } .a{color:red}',
    '(╯°□°)╯︵ ┻━┻ ¯\\_(ツ)_/¯ <3 {} [] %',
  ])('a text: %s', text => expect(inText(text)).toBeUndefined())

  it.each([
    'Your test results',
    'Latest sign-in',
    'Contest',
    'Testament',
    'Your account',
    'Subject to change',
    '',
  ])('a subject: %s', subject => expect(inSubject(subject)).toBeUndefined())

  it.each([
    'https://example.org/a%20name%20b',
    'https://example.org/x?next=%2Fnullable',
    'https://example.org/[id]',
    'https://example.org/undefined-behaviour',
  ])('a link: %s', url => expect(inLink(url)).toBeUndefined())

  it('leaves a user called as they are called', () => {
    expect(inText('Hello {{name}},', ['{{name}}'])).toBeUndefined()
    expect(inText('Hello Lorem Ipsum,', ['Lorem Ipsum'])).toBeUndefined()
    expect(inText('Hello Lorem Ipsum, {{name}}', ['Lorem Ipsum'])).toBe('{{name}}')
    expect(inText('Hello Ann, {{name}}', ['Ann'])).toBe('{{name}}')
  })
})
