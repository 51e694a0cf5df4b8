import { SingleBar } from 'cli-progress';

/** Shows how far a long command is. Always on stderr: stdout is for results. */
export interface Progress {
  /** Tells how much is done; the total may grow. */
  update(done: number, total: number): void;
  /** Ends the display, and leaves the terminal as it was. */
  stop(): void;
}

/** Between two plain lines; a log should not hold one line per batch. */
const LINE_INTERVAL_MILLISECONDS = 1000;

/** A bar on a terminal, plain lines elsewhere; with `quiet` (JSON is asked for) no lines. */
export function createProgress(stream: NodeJS.WriteStream, quiet: boolean): Progress {
  if (stream.isTTY) return new Bar(stream);
  return quiet ? { update() {}, stop() {} } : new Lines(stream);
}

class Bar implements Progress {
  private readonly bar: SingleBar;
  private started = false;

  constructor(stream: NodeJS.WriteStream) {
    this.bar = new SingleBar({
      stream,
      format: '{bar} {percentage}% | {value} of {total} rows | {eta_formatted} left',
      barCompleteChar: '#',
      barIncompleteChar: '.',
      // Signals are the command's business.
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
  private readonly stream: NodeJS.WriteStream;
  private lastMilliseconds = Number.NEGATIVE_INFINITY;
  private pending: string | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  update(done: number, total: number): void {
    this.pending = `${done} of ${total} expired rows deleted\n`;
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
