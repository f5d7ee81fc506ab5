/** A pattern that begins and ends at the edge of a word, in any script and case. */
export const whole = (source: string): RegExp => new RegExp(`(?<![\\p{L}\\p{N}])(?:${source})(?![\\p{L}\\p{N}])`, 'iu')
