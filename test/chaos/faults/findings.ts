import type { Answer } from './asking.js';
import { LIMIT_MILLISECONDS } from './protocol.js';

/** What a request turned out to be: answered as it should be without a fault, not answered for a stated reason, or wrong. */
export type Verdict = 'expected' | 'unavailable' | 'wrong';

/** What was seen while a fault lasted, before it and after it. The lists say what was wrong, in words. */
export class Findings {
  readonly wronglyAdmitted: string[] = [];
  readonly wronglyRefused: string[] = [];
  readonly otherErrors: string[] = [];
  readonly lostWrites: string[] = [];
  readonly tooLong: string[] = [];
  answers = 0;
  unavailable = 0;
  longestMilliseconds = 0;
  /** When the last request ended that was not answered as it should be without a fault. */
  lastTrouble = 0;
  /** When the last request of each kind began that was answered as it should be without a fault. */
  readonly #answeredSince = new Map<string, number>();
  readonly #underWay = new Set<{ readonly began: number }>();

  /** When the oldest request began that has no answer yet. */
  oldestUnderWay(): number {
    return Math.min(...[...this.#underWay].map(({ began }) => began));
  }

  /** Whether requests of every kind were answered as they should be that began after a time. */
  allAnsweredSince(time: number): boolean {
    return [...this.#answeredSince.values()].every((began) => began > time);
  }

  /** Waits for an answer and judges it. */
  async judge(
    what: string,
    asked: Promise<Answer>,
    expected: readonly number[],
  ): Promise<Answer & { verdict: Verdict }> {
    const mark = { began: performance.now() };
    this.#underWay.add(mark);
    const answer = await asked;
    this.#underWay.delete(mark);
    const verdict = this.#verdict(what, answer, expected);
    this.answers += 1;
    if (verdict === 'expected') this.#answeredSince.set(what, answer.began);
    else this.lastTrouble = Math.max(this.lastTrouble, answer.ended);
    if (verdict === 'unavailable') this.unavailable += 1;
    const milliseconds = answer.ended - answer.began;
    this.longestMilliseconds = Math.max(this.longestMilliseconds, milliseconds);
    this.limit(`${what}: ${answer.status}`, milliseconds, answer.lateMilliseconds);
    return { ...answer, verdict };
  }

  /** What something took has a limit, without the time in which even what nothing guards was late. */
  limit(what: string, milliseconds: number, lateMilliseconds: number): void {
    if (milliseconds - lateMilliseconds <= LIMIT_MILLISECONDS) return;
    this.tooLong.push(
      `${what}: ${Math.round(milliseconds)} ms, of which ${Math.round(lateMilliseconds)} ms are lateness`,
    );
  }

  #verdict(what: string, answer: Answer, expected: readonly number[]): Verdict {
    const { status, retryAfter, body } = answer;
    if (expected.includes(status)) return 'expected';
    if (status === 503 && retryAfter !== undefined) return 'unavailable';
    // Nobody was there, because the process had been killed.
    if (status === 0 && answer.began < answer.at.upSince) return 'unavailable';
    const text = `${what}: ${status} ${JSON.stringify(body)}`;
    if (status === 0 || status >= 500) this.otherErrors.push(text);
    else if (status < 300) this.wronglyAdmitted.push(text);
    else this.wronglyRefused.push(text);
    return 'wrong';
  }
}
