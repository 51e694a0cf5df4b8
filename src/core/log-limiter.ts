import type { Clock } from './clock.js';
import type { Logger } from './logger.js';

/** How long nothing more is said of a kind, once a line of it was written. */
const PAUSE_MILLISECONDS = 1_000;

/** More kinds than a program has; beyond this number new ones share one line. */
const MAXIMUM_KINDS = 200;
const OTHERS = 'others';

/** A line, or what makes it: called only if the line is written. */
export type LogText = string | (() => string);

type Level = keyof Logger;

interface Kind {
  readonly level: Level;
  writtenAt: number;
  /** The lines that were left out since the last one was written. */
  leftOut: number;
  /** The last of them. */
  last: LogText;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Logs what may come once per request: of each kind one line a second. What is left out is counted and said with the
 * next line, or when the second is over. Kinds do not stand in each other's way, so that a fault shows beside an outage.
 *
 * A kind is a cause, such as `database`, and never taken from a request; their number stays small.
 */
export class LogLimiter {
  private readonly logger: Logger;
  private readonly clock: Clock;
  private readonly kinds = new Map<string, Kind>();

  constructor(logger: Logger, clock: Clock) {
    this.logger = logger;
    this.clock = clock;
  }

  error(kind: string, text: LogText): void {
    this.log('error', kind, text);
  }

  warn(kind: string, text: LogText): void {
    this.log('warn', kind, text);
  }

  info(kind: string, text: LogText): void {
    this.log('info', kind, text);
  }

  /** Says now what was left out so far. To be called when nothing more is to come. */
  flush(): void {
    for (const kind of this.kinds.values()) this.sayLeftOut(kind);
  }

  private log(level: Level, name: string, text: LogText): void {
    const now = this.clock.monotonicMilliseconds();
    const kind = this.kindOf(level, name, now);
    const pause = kind.writtenAt + PAUSE_MILLISECONDS - now;
    if (pause > 0) {
      kind.leftOut += 1;
      kind.last = text;
      if (kind.timer !== undefined) return;
      kind.timer = setTimeout(() => this.sayLeftOut(kind), Math.min(pause, PAUSE_MILLISECONDS));
      kind.timer.unref();
      return;
    }
    const { leftOut } = kind;
    this.written(kind, now);
    const line = typeof text === 'string' ? text : text();
    this.logger[level](leftOut === 0 ? line : `${line} (and ${counted(leftOut)} more like it)`);
  }

  private sayLeftOut(kind: Kind): void {
    const { leftOut, last, level } = kind;
    this.written(kind, leftOut === 0 ? kind.writtenAt : this.clock.monotonicMilliseconds());
    if (leftOut === 0) return;
    const line = typeof last === 'string' ? last : last();
    this.logger[level](leftOut === 1 ? line : `… and ${counted(leftOut)} more like it, the last: ${line}`);
  }

  private written(kind: Kind, now: number): void {
    clearTimeout(kind.timer);
    kind.timer = undefined;
    kind.writtenAt = now;
    kind.leftOut = 0;
    kind.last = '';
  }

  private kindOf(level: Level, name: string, now: number): Kind {
    const id = `${level} ${name}`;
    const known = this.kinds.get(id);
    if (known !== undefined) return known;
    if (this.kinds.size >= MAXIMUM_KINDS) this.forgetQuiet(now);
    if (this.kinds.size >= MAXIMUM_KINDS && name !== OTHERS) return this.kindOf(level, OTHERS, now);
    const kind: Kind = { level, writtenAt: Number.NEGATIVE_INFINITY, leftOut: 0, last: '', timer: undefined };
    this.kinds.set(id, kind);
    return kind;
  }

  private forgetQuiet(now: number): void {
    for (const [id, { leftOut, writtenAt }] of this.kinds) {
      if (leftOut === 0 && now - writtenAt >= PAUSE_MILLISECONDS) this.kinds.delete(id);
    }
  }
}

function counted(number: number): string {
  return number.toLocaleString('en-US');
}
