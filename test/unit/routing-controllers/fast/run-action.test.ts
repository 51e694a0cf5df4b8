import 'reflect-metadata';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Action,
  type ActionMetadata,
  Body,
  Controller,
  CookieParam,
  Ctx,
  CurrentUser,
  createExecutor,
  createParamDecorator,
  Get,
  getMetadataArgsStorage,
  HeaderParam,
  Interceptor,
  KoaDriver,
  Param,
  QueryParam,
  QueryParams,
  Req,
  Res,
  UseInterceptor,
} from 'routing-controllers';
import { type RunAction, runnerOf } from '../../../../src/routing-controllers/fast/run-action.js';

/** How something of the host ends. */
type Outcome = readonly ['value' | 'later' | 'thenable' | 'throws' | 'rejects', unknown];

function happen([how, what]: Outcome): unknown {
  switch (how) {
    case 'throws':
      throw what;
    case 'rejects':
      return Promise.reject(what);
    case 'later':
      return Promise.resolve(what);
    case 'thenable':
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is to be seen
      return { then: (done: () => unknown, failed: () => unknown) => Promise.resolve(what).then(done, failed) };
    default:
      return what;
  }
}

/** What happens while a request is served. */
type Trace = unknown[];

/** Keeps the actions, and tells what it is told. */
class TellingDriver extends KoaDriver {
  readonly actions: { readonly metadata: ActionMetadata; readonly upstream: RunAction }[] = [];
  trace: Trace = [];
  /** How often the user was asked for. */
  asked = 0;
  success: Outcome = ['value', undefined];

  override initialize(): void {}
  override registerRoutes(): void {}
  override registerAction(metadata: ActionMetadata, upstream: RunAction): void {
    this.actions.push({ metadata, upstream });
  }
  override handleSuccess(result: unknown): unknown {
    this.trace.push(['success', result]);
    return happen(this.success);
  }
  override handleError(error: unknown): Promise<void> {
    this.trace.push(['error', String(error), (error as { httpCode?: number }).httpCode]);
    return Promise.resolve();
  }
}

/** A decorator of a parameter. */
type Decorate = Function;

interface Served {
  readonly params: readonly Decorate[];
  readonly user?: Outcome;
  readonly result?: Outcome;
  readonly success?: Outcome;
  readonly decorators?: readonly Function[];
}

/** An action with these parameters, in a controller of its own. */
function served({ params, user = ['value', undefined], result = ['value', 'result'], success, decorators }: Served) {
  const driver = new TellingDriver();
  if (success !== undefined) driver.success = success;
  class Controlled {
    run(...values: unknown[]): unknown {
      driver.trace.push(['called', values.map(nameOf)]);
      return happen(result);
    }
  }
  // From the last to the first, as TypeScript does.
  for (const [index, decorate] of [...params.entries()].reverse()) decorate(Controlled.prototype, 'run', index);
  for (const decorate of decorators ?? []) decorate(Controlled.prototype, 'run');
  Get('/run')(Controlled.prototype, 'run');
  Controller()(Controlled);
  createExecutor(driver, {
    controllers: [Controlled],
    currentUserChecker: () => {
      driver.asked += 1;
      return happen(user);
    },
  });
  const [action] = driver.actions;
  if (action === undefined) throw new Error('There is no action.');
  return { driver, ...action, fast: runnerOf(action.metadata, action.upstream, driver) };
}

/** The members of a request have names in a trace, since each run has its own. */
const named = new WeakMap<object, string>();
function nameOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (named.get(value) ?? value) : value;
}

function actionWith(texts: Readonly<Record<string, unknown>>): Action {
  const request = { headers: texts };
  const response = {};
  const context = { params: texts, query: texts, headers: texts };
  named.set(request, 'the request').set(response, 'the response').set(context, 'the context');
  return { request, response, context, next: () => Promise.resolve('next') };
}

async function traceOf(
  { driver }: ReturnType<typeof served>,
  run: RunAction,
  texts: Readonly<Record<string, unknown>>,
) {
  driver.trace = [];
  await Promise.resolve(run(actionWith(texts))).catch((error: unknown) =>
    driver.trace.push(['rejected', String(error)]),
  );
  // What nobody waits for.
  await new Promise((resolve) => setImmediate(resolve));
  return driver.trace;
}

const FAULTS = ['one', 'two', 'three'].map((name) => new Error(name));
const outcomes = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Outcome> =>
  fc.oneof(
    fc.tuple(fc.constantFrom('value' as const, 'later' as const, 'thenable' as const), value),
    fc.tuple(fc.constantFrom('throws' as const, 'rejects' as const), fc.constantFrom(...FAULTS)),
  );
const TYPES = [String, Number, Boolean, Date, Array, Object, undefined];
const PARAMS = [Param, QueryParam, HeaderParam, CookieParam];
const texts = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    '',
    '0',
    '1',
    '-1.5',
    '1e3',
    ' 7 ',
    'NaN',
    'true',
    'false',
    'TRUE',
    'text',
    '{"a":1}',
    '[',
  ),
  fc.constantFrom(['1'], ['1', '2'], { a: '1' }, 7),
  fc.string(),
);

interface Drawn {
  readonly decorate: Decorate;
  readonly name?: string;
  readonly text?: unknown;
}

const textual: fc.Arbitrary<Drawn> = fc
  .record({
    kind: fc.nat(PARAMS.length - 1),
    type: fc.constantFrom(...TYPES),
    required: fc.boolean(),
    isArray: fc.boolean().map((one) => one && undefined),
    parse: fc.boolean(),
    text: texts,
    name: fc.constantFrom('a', 'b', 'c', 'd'),
  })
  .map(({ kind, type, text, name, ...options }) => ({
    name: kind === 3 ? 'cookie' : name,
    text: kind === 3 ? `${name}=${encodeURIComponent(String(text))}` : text,
    decorate: (target: object, method: string, index: number) => {
      typed(target, method, index, type);
      (PARAMS[kind] as typeof QueryParam)(name, { ...options, ...(type && { type }) } as never)(target, method, index);
    },
  }));
const custom: fc.Arbitrary<Drawn> = outcomes(fc.constantFrom(undefined, null, 7, 'custom')).map((outcome) => ({
  decorate: (target: object, method: string, index: number) =>
    createParamDecorator({ value: () => happen(outcome) })(target, method, index),
}));
const whole: fc.Arbitrary<Drawn> = fc.constantFrom(
  ...[Req(), Res(), Ctx(), CurrentUser(), CurrentUser({ required: true }), QueryParams()].map((decorate) => ({
    decorate: decorate as Decorate,
  })),
);

/** No decorator of routing-controllers makes one. */
function transformed(type: ParamType): Decorate {
  return (object: object, method: string, index: number) => {
    const transform = (_action: Action, value: unknown) => `${value}!`;
    getMetadataArgsStorage().params.push({
      type,
      object,
      method,
      index,
      name: 'a',
      parse: false,
      required: false,
      transform,
    });
  };
}
type ParamType = ReturnType<typeof getMetadataArgsStorage>['params'][number]['type'];

function typed(target: object, method: string, index: number, type: unknown): void {
  const types = (Reflect.getOwnMetadata('design:paramtypes', target, method) as unknown[] | undefined) ?? [];
  types[index] = type;
  Reflect.defineMetadata('design:paramtypes', types, target, method);
}

describe('an action that is run without routing-controllers', () => {
  test('gets the arguments, and the driver is told, as by routing-controllers', async () => {
    let isFast = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(textual, textual, custom, whole), { maxLength: 4 }),
        outcomes(fc.constantFrom(undefined, null, '', 'alice')),
        outcomes(fc.constantFrom(undefined, null, 'result')),
        outcomes(fc.constantFrom(undefined, 'next')),
        async (drawn, user, result, success) => {
          const made = served({ params: drawn.map(({ decorate }) => decorate), user, result, success });
          const values = Object.fromEntries(drawn.flatMap(({ name, text }) => (name ? [[name, text]] : [])));
          const expected = await traceOf(made, made.upstream, values);
          const seen = await traceOf(made, made.fast, values);
          if (made.fast !== made.upstream) isFast += 1;
          // As text, since dates that are none do not equal themselves.
          expect(inspect(seen, { depth: 5 })).toBe(inspect(expected, { depth: 5 }));
        },
      ),
      { numRuns: 1500 },
    );
    expect(isFast).toBeGreaterThan(200);
  });

  const query = (type: Function, options = {}): Decorate => QueryParam('a', { type, ...options });

  test.each<[string, Decorate, string | undefined, unknown]>([
    ['text', query(String), 'text', 'text'],
    ['text of no type', QueryParam('a'), 'text', 'text'],
    ['text that may be missing', query(String), undefined, undefined],
    ['a number', query(Number, { required: true }), '7', 7],
    ['true', query(Boolean), 'true', true],
    ['true as 1', query(Boolean), '1', true],
    ['false', query(Boolean), 'false', false],
    ['false as 0', query(Boolean), '0', false],
    ['text of the path', Param('a'), 'b', 'b'],
    ['a field', HeaderParam('a'), 'b', 'b'],
    ['a cookie', CookieParam('b'), undefined, 'c'],
    ['the user', CurrentUser({ required: true }), '', 'alice'],
    ['the user, if there is one', CurrentUser(), '', 'alice'],
    ['the context', Ctx(), '', 'the context'],
    ['the request', Req(), '', 'the request'],
    ['the response', Res(), '', 'the response'],
    ['what a function of the host gives', createParamDecorator({ value: () => 7 }), '', 7],
  ])('runs after one promise, and not before, if its parameter is %s', async (_what, decorate, text, value) => {
    const { driver, fast } = served({ params: [decorate], user: ['value', 'alice'] });
    fast(actionWith({ a: text, cookie: 'b=c' }));
    expect(driver.trace).toEqual([]);
    await Promise.resolve();
    expect(driver.trace).toEqual([
      ['called', [value]],
      ['success', 'result'],
    ]);
  });

  test.each<[string, Decorate, string | undefined]>([
    ['is missing', query(String, { required: true }), undefined],
    ['is empty', query(String, { required: true }), ''],
    ['is no number', query(Number), 'seven'],
    ['is neither true nor false', query(Boolean), 'perhaps'],
  ])(
    'runs no function of the host twice, and not the action, if another parameter %s',
    async (_what, decorate, text) => {
      let calls = 0;
      const counting = createParamDecorator({ value: () => ++calls });
      const made = served({ params: [counting, decorate] });
      const trace = await traceOf(made, made.fast, { a: text });
      expect([calls, trace]).toEqual([1, [['error', expect.any(String), 400]]]);
    },
  );

  test.each<Outcome['0']>(['value', 'later', 'throws', 'rejects'])(
    'asks once for a user who may be missing, although that %s',
    async (how) => {
      const made = served({ params: [CurrentUser()], user: [how, undefined] });
      await traceOf(made, made.fast, {});
      expect(made.driver.asked).toBe(1);
    },
  );

  test('asks all functions of the host, although one of them throws', async () => {
    const asked: string[] = [];
    const throws = createParamDecorator({
      value: () => {
        throw new Error('first');
      },
    });
    const other = createParamDecorator({ value: () => asked.push('second') });
    const made = served({ params: [throws, other] });
    expect(await traceOf(made, made.fast, {})).toEqual([['error', 'Error: first', undefined]]);
    expect(asked).toEqual(['second']);
  });

  const same = async (made: ReturnType<typeof served>) => {
    expect(made.fast).not.toBe(made.upstream);
    const expected = await traceOf(made, made.upstream, {});
    expect(await traceOf(made, made.fast, {})).toEqual(expected);
    return expected;
  };

  test('does so if what a function of the host gives cannot be looked at', async () => {
    const value = new Proxy(
      {},
      {
        get() {
          throw new Error('looked at');
        },
      },
    );
    const trace = await same(served({ params: [createParamDecorator({ value: () => value })] }));
    expect(trace).toEqual([['error', 'Error: looked at', undefined]]);
  });

  test('does so if a function of the host looks at its parameter', async () => {
    const value = function (this: { index: number }) {
      return this.index;
    };
    const trace = await same(served({ params: [Ctx(), createParamDecorator({ value })] }));
    expect(trace[0]).toEqual(['called', ['the context', 1]]);
  });

  test('and passes on a function that can be waited for', async () => {
    // biome-ignore lint/suspicious/noThenProperty: this is what is to be seen
    const result = Object.assign(() => 'called', { then: () => undefined });
    expect(await same(served({ params: [], result: ['value', result] }))).toContainEqual(['success', result]);
  });
});

describe('routing-controllers runs', () => {
  const isUpstream = (made: ReturnType<typeof served>) => made.fast === made.upstream;
  const before = [...getMetadataArgsStorage().interceptors];

  afterEach(() => {
    getMetadataArgsStorage().interceptors = [...before];
  });

  test.each<[string, Served]>([
    ['an interceptor', { params: [], decorators: [UseInterceptor((_action: unknown, result: unknown) => result)] }],
    ['a body', { params: [Body()] }],
    ['all of a query', { params: [QueryParams()] }],
    ['a date', { params: [QueryParam('a', { type: Date })] }],
    ['a list', { params: [QueryParam('a', { type: String, isArray: true })] }],
    ['parsed text', { params: [QueryParam('a', { parse: true })] }],
    ['a parameter by no function', { params: [createParamDecorator({ value: undefined as never })] }],
    ['a parameter that is transformed', { params: [transformed('query')] }],
    ['a user who is transformed', { params: [transformed('current-user')] }],
  ])('an action with %s', (_what, action) => {
    expect(isUpstream(served(action))).toBe(true);
  });

  test('all actions if there is an interceptor of all', () => {
    class Everywhere {
      intercept(_action: unknown, result: unknown): unknown {
        return result;
      }
    }
    expect(isUpstream(served({ params: [] }))).toBe(false);
    Interceptor()(Everywhere);
    expect(isUpstream(served({ params: [] }))).toBe(true);
  });

  test.each(['appendParams', 'methodOverride'] as const)('an action with %s', (name) => {
    const { metadata, upstream, driver } = served({ params: [] });
    Object.assign(metadata, { [name]: () => [] });
    expect(runnerOf(metadata, upstream, driver)).toBe(upstream);
  });

  test('an action of a controller with an interceptor', () => {
    const { metadata, upstream, driver } = served({ params: [] });
    const interceptors = [{}] as never[];
    Object.assign(metadata, { controllerMetadata: { ...metadata.controllerMetadata, interceptors } });
    expect(runnerOf(metadata, upstream, driver)).toBe(upstream);
  });
});
