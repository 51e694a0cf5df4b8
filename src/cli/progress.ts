import type { SingleBar } from 'cli-progress';

/** Shows the progress of a long command on stderr; stdout is for results. */
export interface Progress {
  /** Reports how much is done; the total may grow. */
  update(done: number, total: number): void;
  /** Ends the display and restores the terminal. */
  stop(): void;
}

/** The interval between plain lines, so that a log does not get one line per batch. */
const LINE_INTERVAL_MILLISECONDS = 1000;

/**
 * A bar on a terminal, plain lines elsewhere.
 *
 * @param quiet shows nothing, because JSON was requested
 * @param what what a plain line counts
 */
export async function createProgress(
  stream: NodeJS.WriteStream,
  quiet: boolean,
  what = 'expired rows deleted',
): Promise<Progress> {
  if (quiet) return { update() {}, stop() {} };
  return stream.isTTY ? new Bar((await import('cli-progress')).default, stream) : new Lines(stream, what);
}

class Bar implements Progress {
  private readonly bar: SingleBar;
  private started = false;

  constructor({ SingleBar }: typeof import('cli-progress'), stream: NodeJS.WriteStream) {
    this.bar = new SingleBar({
      stream,
      format: '{bar} {percentage}% | {value} of {total} rows | {eta_formatted} left',
      barCompleteChar: '#',
      barIncompleteChar: '.',
      // The command handles signals itself.
      gracefulExit: false,
    });
  }

  update(done: number, total: number): void {
    if (this.started) {
      this.bar.setTotal(total);
      this.bar.update(done);
    } else {
      this.bar.start(total, done);
      this.started = true;
    }
  }

  stop(): void {
    this.bar.stop();
  }
}

class Lines implements Progress {
  private lastMilliseconds = Number.NEGATIVE_INFINITY;
  private pending: string | undefined;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly what: string,
  ) {}

  update(done: number, total: number): void {
    this.pending = `${done} of ${total} ${this.what}\n`;
    if (performance.now() - this.lastMilliseconds >= LINE_INTERVAL_MILLISECONDS) this.print();
  }

  stop(): void {
    this.print();
  }

  private print(): void {
    if (this.pending === undefined) return;
    this.stream.write(this.pending);
    this.pending = undefined;
    this.lastMilliseconds = performance.now();
  }
}
