/** An expected failure of a command, reported in one line without a stack trace. */
export class CliError extends Error {
  override readonly name = 'CliError';

  /**
   * @param exitCode one of `EXIT_CODES`
   * @param code the `error` of the JSON form
   * @param message names the option or thing, the value and the fix
   */
  constructor(
    readonly exitCode: number,
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
