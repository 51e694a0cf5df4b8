import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { createProgress } from '../../../src/cli/progress.js';

/** A terminal of 80 columns, or what a pipe is, and all that is written to it. */
function stream({ isTTY }: { isTTY: boolean }): { stream: NodeJS.WriteStream; written: () => string } {
  const chunks: string[] = [];
  const through = new PassThrough().setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  const made = Object.assign(through, { isTTY, columns: 80 });
  return { stream: made as unknown as NodeJS.WriteStream, written: () => chunks.join('') };
}

describe('progress', () => {
  test('[IM-8] is a bar on a terminal, with the rows that are done, of a total that may grow', async () => {
    const terminal = stream({ isTTY: true });
    const progress = await createProgress(terminal.stream, false, 'rows read');
    progress.update(10, 40);
    progress.update(30, 60);
    progress.stop();
    expect(terminal.written()).toMatch(/#{10}\.{30} 25% \| 10 of 40 rows \|/);
    expect(terminal.written()).toMatch(/#{20}\.{20} 50% \| 30 of 60 rows \| .*\n$/s);
  });

  test('is lines where there is no terminal, the last one in any case', async () => {
    const pipe = stream({ isTTY: false });
    const progress = await createProgress(pipe.stream, false, 'rows read');
    progress.update(10, 40);
    progress.update(20, 40);
    progress.update(40, 40);
    progress.stop();
    expect(pipe.written()).toBe('10 of 40 rows read\n40 of 40 rows read\n');
  });

  test.each([{ isTTY: true }, { isTTY: false }])('is nothing where JSON was asked for: %o', async (kind) => {
    const asked = stream(kind);
    const progress = await createProgress(asked.stream, true);
    progress.update(10, 40);
    progress.stop();
    expect(asked.written()).toBe('');
  });
});
