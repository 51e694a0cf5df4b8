/** A service that the tests can use. */
export interface UsableService {
  /** For the workers, with credentials. */
  readonly url: string;
  /** As the service gives it, e.g. `10.11.14-MariaDB`. */
  readonly version: string;
  /** Ends with "found", "started" or the like: how it came to be there. */
  readonly how: string;
  /** Ends and removes what was started or created for this run. */
  stop?(): Promise<void>;
}

/** What came out of looking for a service that is already there. */
export type Search = { readonly service: UsableService } | { readonly reason: string };

/** One kind of service and the ways to get it. */
export interface ServiceKind {
  /** As people write it. */
  readonly name: 'MariaDB' | 'Redis' | 'PostgreSQL';
  /** The variable that hands its URL to the workers. */
  readonly variable: 'TEST_MARIADB_URL' | 'TEST_REDIS_URL' | 'TEST_POSTGRES_URL';
  /** The variables that may name one that runs. */
  readonly namedBy: readonly string[];
  /** The Debian package that brings its programs. */
  readonly debianPackage: string;
  /**
   * Looks where the environment says, else on the default port.
   *
   * @throws UnusableServiceError if the environment names a service that cannot be used
   */
  look(): Promise<Search>;
  /** Whether its programs are on this machine. */
  hasPrograms(): boolean;
  /** Starts a throw-away one from those programs. */
  start(): Promise<UsableService>;
}

/** Something that the tests need is missing; the message is one line that says what to do. */
export class UnusableServiceError extends Error {
  override readonly name = 'UnusableServiceError';
}

/** A URL as it may be printed: without the password. */
export function printableUrl(url: string): string {
  if (!URL.canParse(url)) return 'not a URL';
  const parsed = new URL(url);
  if (parsed.password !== '') parsed.password = '***';
  return parsed.href.replace(/\/$/, '');
}

/** The reason of a failure in one line. Node puts several failed addresses into an error without a message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown } | null)?.code;
  return (message || String(code ?? error)).replaceAll(/\s+/g, ' ').trim();
}

/** A port that a test of this finder can put in place of the default one. */
export function portFrom(variable: string, defaultPort: number): number {
  const value = process.env[variable];
  if (value === undefined || value === '') return defaultPort;
  const port = Number(value);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new UnusableServiceError(`${variable} is "${value}", which is not a port: give a number from 1 to 65535.`);
  }
  return port;
}
