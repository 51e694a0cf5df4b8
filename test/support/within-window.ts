/**
 * Repeats what has to happen within a short while until it did: a machine may be too busy for it once.
 *
 * @param work begins anew each time
 */
export async function withinWindow<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const start = performance.now();
    const result = await work();
    if (performance.now() - start < milliseconds) return result;
  }
  throw new Error(`Nothing was done within ${milliseconds} ms in 50 attempts.`);
}
