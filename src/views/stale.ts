/** The register is too far behind the journal to answer for all of it; try again. */
export class StaleRegister extends Error {
  override readonly name = 'StaleRegister'

  constructor() {
    super('the register has not caught up with the journal')
  }
}
