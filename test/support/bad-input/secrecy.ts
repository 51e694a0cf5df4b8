import { inspect } from 'node:util';

/** So many characters of a secret in a row are no chance: one in 10^14. */
const PART = 8;

/** Secrets that nothing may say, not even in part. */
export class Secrets {
  private readonly parts = new Set<string>();

  constructor(secrets: readonly string[]) {
    for (const secret of secrets) {
      for (let start = 0; start + PART <= secret.length; start += 1) this.parts.add(secret.slice(start, start + PART));
    }
  }

  /** @throws Error if a text holds a part of a secret */
  expectNone(text: string, where: string): void {
    for (let start = 0; start + PART <= text.length; start += 1) {
      // Not `expect`, of which so many calls would take minutes.
      if (this.parts.has(text.slice(start, start + PART)))
        throw new Error(`A part of a secret is in ${where}: ${text}`);
    }
  }
}

/** Everything of an error that could be printed, its causes and stacks too. */
export function printed(error: unknown): string {
  const parts = [inspect(error, { depth: 6, showHidden: true }), String(error)];
  for (let one = error; one instanceof Error; one = one.cause) parts.push(one.stack ?? '', one.message);
  return parts.join('\n');
}

/** What was logged, told and not caught while inputs were given. */
export class Observed {
  readonly lines: string[] = [];
  readonly uncaught: unknown[] = [];
  private readonly keep = (error: unknown) => void this.uncaught.push(error);

  readonly logger = {
    info: (message: string) => void this.lines.push(message),
    warn: (message: string) => void this.lines.push(message),
    error: (message: string) => void this.lines.push(message),
  };

  start(): void {
    process.on('uncaughtException', this.keep);
    process.on('unhandledRejection', this.keep);
  }

  stop(): void {
    process.off('uncaughtException', this.keep);
    process.off('unhandledRejection', this.keep);
  }

  /** Takes the lines since the last time. */
  take(): string {
    return this.lines.splice(0).join('\n');
  }
}
