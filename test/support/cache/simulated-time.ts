/** What waits for a moment. It can be used as what `setTimeout` gives. */
class Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  isCancelled = false;

  constructor(at: number, order: number, run: () => void) {
    this.at = at;
    this.order = order;
    this.run = run;
  }

  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return false;
  }
}

const real = {
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  setImmediate: globalThis.setImmediate,
  clearTimeout: globalThis.clearTimeout,
  clearInterval: globalThis.clearInterval,
  clearImmediate: globalThis.clearImmediate,
};

/** Until every promise that can go on has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => real.setImmediate(resolve));
}

/** Time that moves only when it is told to, also for the timers of Node while it is installed. */
export class SimulatedTime {
  /** In milliseconds. */
  now = 0;
  #due: Due[] = [];
  #order = 0;

  /** Runs something later. */
  after(milliseconds: number, run: () => void): Due {
    const due = new Due(this.now + Math.max(0, milliseconds), this.#order++, run);
    this.#due.push(due);
    return due;
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.after(milliseconds, resolve));
  }

  async advance(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    await settled();
    for (let due = this.#next(end); due !== undefined; due = this.#next(end)) {
      this.now = due.at;
      due.run();
      await settled();
    }
    this.now = end;
  }

  /** Replaces the timers of Node by those of this time. Nothing that waited on another simulated time goes on. */
  install(): void {
    const later = (run: (...values: unknown[]) => void, milliseconds = 0, ...values: unknown[]) =>
      this.after(milliseconds, () => run(...values));
    const repeatedly = (run: () => void, milliseconds: number) => {
      const handle = new Due(0, 0, run);
      const again = () =>
        this.after(milliseconds, () => {
          if (handle.isCancelled) return;
          run();
          again();
        });
      again();
      return handle;
    };
    const cancel = (due: Due | undefined) => {
      if (due !== undefined) due.isCancelled = true;
    };
    Object.assign(globalThis, {
      setTimeout: later,
      setInterval: repeatedly,
      setImmediate: (run: () => void) => this.after(0, run),
      clearTimeout: cancel,
      clearInterval: cancel,
      clearImmediate: cancel,
    });
  }

  static uninstall(): void {
    Object.assign(globalThis, real);
  }

  /** Takes what is due next, until a moment. */
  #next(end: number): Due | undefined {
    let best: Due | undefined;
    let cancelled = 0;
    for (const one of this.#due) {
      if (one.isCancelled) cancelled += 1;
      else if (
        one.at <= end &&
        (best === undefined || one.at < best.at || (one.at === best.at && one.order < best.order))
      )
        best = one;
    }
    if (best !== undefined || cancelled > 50) this.#due = this.#due.filter((one) => one !== best && !one.isCancelled);
    return best;
  }
}
