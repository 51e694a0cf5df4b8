/** What a command uses besides its arguments: the streams and environment of the process, or of a test. */
export interface Surroundings {
  /** The source of answers to questions; without it no questions are asked. */
  readonly stdin?: NodeJS.ReadStream;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The environment variable with the keys. There is no option, because command lines are visible in the list of
 * processes.
 */
export const CACHE_KEYS_VARIABLE = 'OAUTH2_CACHE_KEYS';
