import { withoutOwnFrames } from './host-frames.js';

/**
 * A mistake in options or declarations, found at start-up. The message names the option or action, the value
 * and the fix. It never reaches a caller.
 *
 * @example
 * ```ts
 * import { ConfigurationError, createOAuth2, type OAuth2 } from 'routing-controllers-oauth2';
 *
 * export function configured(database: string): OAuth2 {
 *   try {
 *     return createOAuth2({ database });
 *   } catch (error) {
 *     if (!(error instanceof ConfigurationError)) throw error;
 *     console.error(error.message);
 *     process.exit(78);
 *   }
 * }
 * ```
 */
export class ConfigurationError extends Error {
  /** The code of this class. */
  static readonly code = 'configuration_error';
  /** `ConfigurationError` */
  override readonly name = 'ConfigurationError';
  /** `configuration_error` */
  declare readonly code: typeof ConfigurationError.code;
  /** The option that was refused, e.g. `cache.maxEntries`; `undefined` if the error is not about an option. */
  declare readonly option: string | undefined;
  /** What to write instead, without the value that was refused. */
  declare readonly fix: string | undefined;

  constructor(message: string, options: ErrorOptions & { readonly option?: string; readonly fix?: string } = {}) {
    super(message, options);
    // Whoever starts a program and meets it reads the message and the line to correct, and nothing twice.
    const { option, fix } = options;
    const hidden = { code: ConfigurationError.code, option, fix, stack: withoutOwnFrames(this.stack) };
    for (const [name, value] of Object.entries(hidden)) {
      Object.defineProperty(this, name, { value, enumerable: false, writable: true, configurable: true });
    }
  }
}
