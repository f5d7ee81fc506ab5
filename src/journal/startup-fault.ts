/** Why Tocsin cannot start. Stable: scripts and `docs/errors.md` rely on them. */
export type StartupFaultCode =
  | 'data-dir-not-writable'
  | 'data-dir-in-use'
  | 'disk-full'
  | 'postgres-binaries-missing'
  | 'postgres-wrong-version'
  | 'postgres-not-startable'
  | 'database-unreachable'
  | 'database-read-only'
  | 'schema-too-new'
  | 'master-key-wrong'

/** Something on this machine keeps Tocsin from starting. The message says what was found, what is allowed and what to do. */
export class StartupFault extends Error {
  override readonly name = 'StartupFault'
  readonly code: StartupFaultCode

  constructor(code: StartupFaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The code of a failed system call, such as `ENOENT`; `undefined` for any other error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
