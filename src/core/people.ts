/**
 * Who did something, as the journal names them. What needs two people asks whether these are two: the command line of the machine is the
 * first operator by another route.
 */
export const firstOperator = 'operator'
export const commandLine = 'command line'

const personOf = (by: string): string => (by === commandLine ? firstOperator : by)

export const isSamePerson = (a: string, b: string): boolean => personOf(a) === personOf(b)
