import { isWebLink, type Mail } from '../mail.ts'
import { guidanceRule } from './guidance.ts'

const hasLink = (mail: Mail): boolean => mail.links.some(isWebLink)

export const withoutLink = guidanceRule(
  {
    name: 'without-link',
    about: 'no way without following a link',
    reason: 'Who is careful follows no links in mails. What is to be done must be possible without.',
  },
  'withoutLink',
  mail => mail.optional !== true && mail.class !== 'other' && hasLink(mail),
)
