import fc from 'fast-check';
import { PROMPT, type Stall, someTokens, type TokenRow, World, type WorldSettings } from './world.js';

export const PROCESSES = 3;

const TOKENS = someTokens();
const USERS = ['user0', 'user1', 'user2'];
const APPLICATIONS = ['application0', 'application1'];

const someProcess = fc.integer({ min: 0, max: PROCESSES - 1 });
/** One more often than the others, so that much happens to it. */
const someToken = fc.constantFrom(0, 0, 0, 0, ...TOKENS.keys());
const mostlyOn = fc.constantFrom(true, true, false);

/** Of the order of a round trip, of the bound, of the life of a ticket and of the longest age, and more. */
const someDelay = fc.constantFrom(1, 1, 1, 4, 30, 300, 700, 1_100, 1_500, 3_500, 6_000, 12_000);
const someStall: fc.Arbitrary<Stall> = fc.record({
  before: fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: someDelay }),
  after: fc.oneof({ weight: 1, arbitrary: someDelay }, { weight: 1, arbitrary: fc.constantFrom(3_500, 6_000) }),
  fails: fc.constantFrom(false, false, false, false, false, false, true),
});
const onTheWay = fc.constantFrom(1, 1, 1, 5, 30, 200, 800);

const step = fc.oneof(
  {
    weight: 34,
    arbitrary: fc.record({
      what: fc.constant('request' as const),
      process: someProcess,
      token: someToken,
      stalls: fc.array(someStall, { maxLength: 2 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      what: fc.constant('overlap' as const),
      process: someProcess,
      token: someToken,
      first: fc.constantFrom(1_500, 3_500, 6_000),
      pause: fc.constantFrom(450, 1_010, 2_500),
      second: someDelay,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      // A look-up ends when something was invalidated, and its process does not know it yet, or never hears of it.
      what: fc.constant('race' as const),
      process: someProcess,
      token: someToken,
      by: someProcess,
      kind: fc.constantFrom('token' as const, 'user' as const, 'application' as const),
      how: fc.constantFrom('late' as const, 'gap' as const),
      after: fc.constantFrom(20, 300, 700, 1_500, 3_500),
    }),
  },
  {
    weight: 30,
    arbitrary: fc.record({
      what: fc.constant('pass' as const),
      milliseconds: fc.constantFrom(0, 1, 2, 3, 5, 10, 40, 260, 600, 900, 1_010, 1_300, 2_500, 5_100, 9_000),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      what: fc.constant('revoke' as const),
      process: someProcess,
      token: someToken,
      isFamily: fc.boolean(),
    }),
  },
  { weight: 9, arbitrary: fc.record({ what: fc.constant('issue' as const), process: someProcess, token: someToken }) },
  {
    weight: 10,
    arbitrary: fc.record({
      what: fc.constant('switchUser' as const),
      process: someProcess,
      user: fc.constantFrom(USERS[0] as string, ...USERS),
      isOn: mostlyOn,
      withKeys: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('switchApplication' as const),
      process: someProcess,
      application: fc.constantFrom(...APPLICATIONS),
      isOn: mostlyOn,
    }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('everything' as const), process: someProcess }) },
  {
    weight: 5,
    arbitrary: fc.record({ what: fc.constant('stallLoads' as const), process: someProcess, stall: someStall }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('slow' as const),
      process: someProcess,
      commands: onTheWay,
      answers: onTheWay,
      messages: onTheWay,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constantFrom(
        'cutSubscriber' as const,
        'cutCommands' as const,
        'cutOff' as const,
        'silence' as const,
        'loseCommands' as const,
        'loseAnswers' as const,
        'heal' as const,
        'heal' as const,
        'heal' as const,
      ),
      process: someProcess,
    }),
  },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('start' as const), process: someProcess }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('evict' as const), which: fc.nat({ max: 100 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('evictMarks' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('flush' as const) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('save' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('restart' as const),
      withSavedContent: fc.boolean(),
      pause: fc.constantFrom(0, 500, 4_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('setServerClock' as const),
      by: fc.constantFrom(-1, -500, -20_000, 300, 200_000),
    }),
  },
);

export type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** What befalls Redis and the way to it. */
const TROUBLE: ReadonlySet<Step['what']> = new Set<Step['what']>([
  ...(['slow', 'cutSubscriber', 'cutCommands', 'cutOff', 'silence', 'loseCommands', 'loseAnswers'] as const),
  ...(['evict', 'evictMarks', 'flush', 'restart', 'setServerClock'] as const),
]);

export const someSteps = fc.array(step, { minLength: 1, maxLength: 80, size: 'max' });

export const someSettings = (level: WorldSettings['level']): fc.Arbitrary<WorldSettings> =>
  fc.record({
    level: fc.constant(level),
    boundMilliseconds: fc.constantFrom(1_000, 1_000, 400),
    maxAgeMilliseconds: fc.constantFrom(7_000, 7_000, 30_000),
    negativeMilliseconds: fc.constantFrom(0, 1_000),
    maxEntries: fc.constantFrom(1, 2, 1_000, 1_000),
    clockOffsets: fc.array(fc.integer({ min: -450, max: 450 }), { minLength: PROCESSES, maxLength: PROCESSES }),
  });

export interface Moods {
  /** Everybody asks for some tokens all the time, besides what the schedule says. */
  readonly isWatched: boolean;
  /** Redis and the way to it are well. */
  readonly isCalm: boolean;
}

export const someMoods: fc.Arbitrary<Moods> = fc.record({ isWatched: fc.boolean(), isCalm: fc.boolean() });

/** How long it takes beside the longest age until everything is as it was, once nothing happens any more, in milliseconds. */
const QUIET_MILLISECONDS = 12_000;

/** How often everybody asks, in milliseconds. */
const WATCH_MILLISECONDS = 700;

/** Longer than any stall, in milliseconds. */
const LONG_MILLISECONDS = 25_000;

function heal(world: World, process: number): void {
  const network = world.networks[process];
  if (network === undefined) return;
  Object.assign(network, { isCut: false, losesCommands: false, losesAnswers: false });
  Object.assign(network, { commandMilliseconds: 1, answerMilliseconds: 1, messageMilliseconds: 1 });
}

async function take(world: World, one: Step): Promise<void> {
  const { redis, time } = world;
  const network = 'process' in one ? world.networks[one.process] : undefined;
  switch (one.what) {
    case 'pass':
      return time.advance(one.milliseconds);
    case 'request':
      return world.request(one.process, world.tokens[one.token] as TokenRow, one.stalls);
    case 'overlap': {
      const token = world.tokens[one.token] as TokenRow;
      world.request(one.process, token, [{ before: 1, after: one.first, fails: false }]);
      await time.advance(one.pause);
      return world.request(one.process, token, [{ before: 1, after: one.second, fails: false }]);
    }
    case 'race': {
      const token = world.tokens[one.token] as TokenRow;
      // So that it is looked up.
      world.invalidate(one.process, { kind: 'token', key: token.key }, [token.key]);
      await time.advance(5);
      world.request(one.process, token, [{ before: 1, after: one.after, fails: false }]);
      await time.advance(5);
      if (one.how === 'gap') network?.cut('subscriber');
      else if (network !== undefined) network.messageMilliseconds = 800;
      if (one.kind === 'token') return world.revoke(one.by, [token]);
      if (one.kind === 'application') return world.switchApplication(one.by, token.clientId, false);
      return token.userId === undefined ? undefined : world.switchUser(one.by, token.userId, false, false);
    }
    case 'revoke': {
      const others = one.isFamily ? [(one.token + 1) % TOKENS.length] : [];
      return world.revoke(
        one.process,
        [one.token, ...others].map((index) => world.tokens[index] as TokenRow),
      );
    }
    case 'issue':
      return world.issue(one.process, world.tokens[one.token] as TokenRow);
    case 'switchUser':
      return world.switchUser(one.process, one.user, one.isOn, one.withKeys);
    case 'switchApplication':
      return world.switchApplication(one.process, one.application, one.isOn);
    case 'everything':
      return world.invalidate(one.process, { kind: 'everything' }, []);
    case 'stallLoads':
      world.loadStalls[one.process] = one.stall;
      return;
    case 'start':
      return world.start(one.process);
    case 'evict': {
      const key = redis.keys[one.which % Math.max(1, redis.keys.length)];
      if (key !== undefined) redis.evict(key);
      return;
    }
    case 'evictMarks':
      for (const key of redis.keys) if (key.endsWith('token-marks')) redis.evict(key);
      return;
    case 'flush':
      return redis.flush();
    case 'save':
      return redis.save();
    case 'restart':
      redis.isUp = false;
      for (const each of world.networks) for (const client of [...each.clients]) client.lose();
      await time.advance(one.pause);
      redis.restart(one.withSavedContent);
      redis.isUp = true;
      return;
    case 'setServerClock':
      redis.clockOffset += one.by;
      return;
    case 'heal':
      return heal(world, one.process);
  }
  if (network === undefined) return;
  switch (one.what) {
    case 'slow':
      network.commandMilliseconds = one.commands;
      network.answerMilliseconds = one.answers;
      network.messageMilliseconds = one.messages;
      return;
    case 'cutSubscriber':
      return network.cut('subscriber');
    case 'cutCommands':
      return network.cut('commands');
    case 'cutOff':
      network.isCut = true;
      network.cut('commands');
      network.cut('subscriber');
      return;
    case 'silence':
      return network.silence();
    case 'loseCommands':
      network.losesCommands = true;
      return;
    case 'loseAnswers':
      network.losesAnswers = true;
      return;
  }
}

/** Runs a schedule, and gives what must not have happened. */
export async function run(settings: WorldSettings, moods: Moods, steps: readonly Step[]): Promise<readonly string[]> {
  const world = new World(settings, PROCESSES, someTokens());
  // The last one starts late, if at all.
  for (let process = 0; process < PROCESSES - 1; process += 1) world.start(process);
  await world.time.advance(20);
  let isOver = false;
  const watch = () => {
    if (isOver) return;
    for (const token of world.tokens.slice(0, 3)) {
      for (let process = 0; process < PROCESSES; process += 1) world.request(process, token);
    }
    world.time.after(WATCH_MILLISECONDS, watch);
  };
  if (moods.isWatched) watch();
  for (const one of steps) if (!moods.isCalm || !TROUBLE.has(one.what)) await take(world, one);
  // What is found late must not be found again afterwards.
  for (let passed = 0; passed < LONG_MILLISECONDS; passed += LONG_MILLISECONDS / 10) {
    for (const [index] of world.networks.entries()) {
      for (const token of world.tokens) world.request(index, token);
    }
    await world.time.advance(LONG_MILLISECONDS / 10);
  }
  isOver = true;
  await calmDown(world, settings);
  await world.close();
  return world.complaints;
}

/** After nothing happens any more for a while, the cache does what it is for: in each process, and between them. */
async function calmDown(world: World, { level, maxAgeMilliseconds }: WorldSettings): Promise<void> {
  for (let process = 0; process < PROCESSES; process += 1) {
    heal(world, process);
    world.loadStalls[process] = PROMPT;
    world.start(process);
  }
  await world.time.advance(maxAgeMilliseconds + QUIET_MILLISECONDS);
  for (const token of world.tokens) {
    for (let process = 0; process < PROCESSES; process += 1) {
      const isGood = world.isGood(token);
      const elsewhere = world.lookUps;
      const answers = [await answerOf(world, process, token), await answerOf(world, process, token)];
      const expected = isGood ? ['active', 'from memory'] : ['refused', 'refused'];
      if (answers.join() !== expected.join()) {
        world.complaints.push(`At rest, process ${process} answered ${answers} for a token that is good: ${isGood}`);
      }
      if (isGood && level === 'shared' && world.lookUps - elsewhere !== (process === 0 ? 1 : 0)) {
        world.complaints.push(`At rest, process ${process} made ${world.lookUps - elsewhere} look-ups`);
      }
    }
  }
}

async function answerOf(world: World, process: number, token: TokenRow): Promise<string> {
  const answer = world.ask(process, token);
  await world.time.advance(20);
  return Promise.race([answer, Promise.resolve('nothing')]);
}
