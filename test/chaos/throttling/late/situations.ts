import type { Answer, Stand } from './stand.js';

/** What Redis, the way to it or the process does, and the requests meanwhile, each with a token of its own. */
export interface Situation {
  readonly name: string;
  /** How long each request keeps the process busy. */
  readonly workMilliseconds?: number;
  readonly processes?: number;
  /** How late every answer is, from the start on. */
  readonly delayMilliseconds?: number;
  run(stand: Stand): Promise<Answer[]>;
}

/** How late one answer is, where only one is. */
export const ONE_LATE_MILLISECONDS = 150;

/** As callers come: some at once, to several processes in turn. */
async function stream(stand: Stand, count: number, atOnce: number): Promise<Answer[]> {
  return stand.askAll(await stand.tokens(count), atOnce);
}

/** One request after the other, of thirty; the answers behind the late one wait for it. */
export function oneLateBy(milliseconds: number): Situation {
  return {
    name: `one answer of thirty is ${milliseconds} ms late`,
    async run(stand) {
      const answers: Answer[] = [];
      for (const [index, token] of (await stand.tokens(30)).entries()) {
        if (index === 10) stand.proxy.delayNext(milliseconds);
        answers.push(await stand.ask(token));
      }
      return answers;
    },
  };
}

const oneLate = oneLateBy(ONE_LATE_MILLISECONDS);

export const frozen: Situation = {
  name: 'Redis is frozen',
  async run(stand) {
    const tokens = await stand.tokens(200);
    await stand.askAll(tokens.splice(0, 50), 5);
    stand.proxy.freeze();
    return stand.askAll(tokens, 10);
  },
};

/** Where Redis answers in the end, so that nobody has to go without its answer. */
export const AWAKE: readonly Situation[] = [
  { name: 'nothing is late', run: (stand) => stream(stand, 100, 10) },
  oneLate,
  { name: 'every answer is 40 ms late', delayMilliseconds: 40, run: (stand) => stream(stand, 100, 10) },
  {
    name: 'every answer is up to 200 ms late',
    async run(stand) {
      stand.proxy.delay(() => Math.random() * 200);
      return stream(stand, 100, 10);
    },
  },
  {
    name: '1,000 requests at once on a busy process',
    workMilliseconds: 1,
    run: (stand) => stream(stand, 1000, 1000),
  },
  ...[20, 70, 200].map((delayMilliseconds) => ({
    name: `two processes, every answer is ${delayMilliseconds} ms late`,
    ...{ delayMilliseconds, processes: 2 },
    run: (stand: Stand) => stream(stand, 100, 10),
  })),
  {
    name: 'two processes, one caller, every answer is 200 ms late',
    ...{ delayMilliseconds: 200, processes: 2 },
    async run(stand) {
      const [token] = (await stand.tokens(1)) as [string];
      return stand.askAll(
        Array.from({ length: 100 }, () => token),
        10,
      );
    },
  },
];
