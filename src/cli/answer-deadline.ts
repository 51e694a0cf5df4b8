/** What has not closed within this time is left to the end of the process. */
const CLOSE_DEADLINE_MILLISECONDS = 5_000;

/** Waits until something has closed, for a limited time; never rejects. */
export async function closeInTime(closing: Promise<unknown>): Promise<void> {
  await deadline(closing, CLOSE_DEADLINE_MILLISECONDS, 'closing').catch(() => undefined);
}

/**
 * Waits for a promise for a limited time: a frozen server keeps its socket open and never answers.
 *
 * @throws Error naming `what`, if the time runs out first
 */
export async function deadline<T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not answer within ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
