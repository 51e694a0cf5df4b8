import type { Clock } from './clock.js';
import { type Logger, writeLine } from './logger.js';

/** How long further lines of a kind are held back after one was written. */
const PAUSE_MILLISECONDS = 1_000;

/** More kinds than a program has; beyond this number, new kinds share one. */
const MAXIMUM_KINDS = 200;
const OTHERS = 'others';

/** A line, or a function that makes it, called only if the line is written. */
export type LogText = string | (() => string);

type Level = keyof Logger;

interface Kind {
  readonly level: Level;
  readonly name: string;
  writtenAt: number;
  /** The number of lines that were held back since the last one was written. */
  leftOut: number;
  /** The last of them, and the id of its request. */
  last: LogText;
  lastRequestId: string | undefined;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Limits what may be logged once per request: one line per second for each kind. The others are counted, and the count
 * is logged with the next line, or when the second is over. Kinds are limited separately, so that a fault remains
 * visible during an outage.
 *
 * A kind names a cause, such as `database`. It is never taken from a request, and there are few.
 */
export class LogLimiter {
  private readonly logger: Logger;
  private readonly clock: Clock;
  private readonly kinds = new Map<string, Kind>();

  constructor(logger: Logger, clock: Clock) {
    this.logger = logger;
    this.clock = clock;
  }

  /** @param requestId the id of the request that the line is about, if it has one */
  error(kind: string, text: LogText, requestId?: string): void {
    this.log('error', kind, text, requestId);
  }

  warn(kind: string, text: LogText): void {
    this.log('warn', kind, text);
  }

  info(kind: string, text: LogText): void {
    this.log('info', kind, text);
  }

  /** Logs what was held back so far; to be called at the end. */
  flush(): void {
    for (const kind of this.kinds.values()) this.sayLeftOut(kind);
  }

  private log(level: Level, name: string, text: LogText, requestId?: string): void {
    const now = this.clock.monotonicMilliseconds();
    const kind = this.kindOf(level, name, now);
    const pause = kind.writtenAt + PAUSE_MILLISECONDS - now;
    if (pause > 0) {
      kind.leftOut += 1;
      kind.last = text;
      kind.lastRequestId = requestId;
      if (kind.timer !== undefined) return;
      kind.timer = setTimeout(() => this.sayLeftOut(kind), Math.min(pause, PAUSE_MILLISECONDS));
      kind.timer.unref();
      return;
    }
    const { leftOut } = kind;
    this.written(kind, now);
    const line = typeof text === 'string' ? text : text();
    const message = leftOut === 0 ? line : `${line} (and ${counted(leftOut)} more like it)`;
    writeLine(this.logger, level, message, { kind: name, requestId, omitted: leftOut });
  }

  private sayLeftOut(kind: Kind): void {
    const { leftOut, last, level, lastRequestId: requestId, name } = kind;
    this.written(kind, leftOut === 0 ? kind.writtenAt : this.clock.monotonicMilliseconds());
    if (leftOut === 0) return;
    const line = typeof last === 'string' ? last : last();
    const message = leftOut === 1 ? line : `… and ${counted(leftOut)} more like it, the last: ${line}`;
    writeLine(this.logger, level, message, { kind: name, requestId, omitted: leftOut - 1 });
  }

  private written(kind: Kind, now: number): void {
    clearTimeout(kind.timer);
    kind.timer = undefined;
    kind.writtenAt = now;
    kind.leftOut = 0;
    kind.last = '';
    kind.lastRequestId = undefined;
  }

  private kindOf(level: Level, name: string, now: number): Kind {
    const id = `${level} ${name}`;
    const known = this.kinds.get(id);
    if (known !== undefined) return known;
    if (this.kinds.size >= MAXIMUM_KINDS) this.forgetQuiet(now);
    if (this.kinds.size >= MAXIMUM_KINDS && name !== OTHERS) return this.kindOf(level, OTHERS, now);
    const kind: Kind = {
      ...{ level, name, writtenAt: Number.NEGATIVE_INFINITY, timer: undefined },
      ...{ leftOut: 0, last: '', lastRequestId: undefined },
    };
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
