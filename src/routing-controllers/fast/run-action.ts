import { type Action, type ActionMetadata, getMetadataArgsStorage, type ParamMetadata } from 'routing-controllers';
import { isPromiseLike, nativePromise } from '../../core/promises.js';

/*
 * Replaces: `executeAction` of routing-controllers, written for 0.11.3, for actions without interceptors whose parameters can
 * be read without waiting. It makes about ten promises for each request, which take a tenth of its time, although nothing
 * waits; here it is one. Must equal: the arguments and the result of the action, and what the driver is told,
 * `handleSuccess` or `handleError`. A parameter that is not at hand, or that is refused, leaves the request to
 * routing-controllers before any code of the host has run. Compared by: test/unit/routing-controllers/fast/run-action.test.ts,
 * with generated parameters. The one promise is needed: what an action enters with `AsyncLocalStorage.enterWith` ends with it.
 * In the turn in which Node has read the request, it would stay for later requests of the same connection, whosever they are.
 */

/** Runs an action for a request. */
export type RunAction = (action: Action) => unknown;

/** What is asked of a driver. */
export interface RunningDriver {
  currentUserChecker?: (action: Action) => unknown;
  getParamFromRequest(action: Action, param: ParamMetadata): unknown;
  handleSuccess(result: unknown, metadata: ActionMetadata, action: Action): unknown;
  handleError(error: unknown, metadata: ActionMetadata | undefined, action: Action): unknown;
}

/** Reads a parameter of a request. */
type Read = (action: Action) => unknown;

/** What a reader returns if routing-controllers has more to do for a parameter than to read it. */
const UNKNOWN = Symbol('left to routing-controllers');

/**
 * Runs an action as routing-controllers does.
 *
 * @param upstream how routing-controllers itself runs it
 */
export function runnerOf(metadata: ActionMetadata, upstream: RunAction, driver: RunningDriver): RunAction {
  if (hasMore(metadata)) return upstream;
  const params = [...metadata.params].sort((one, other) => one.index - other.index);
  // These run code of the host, and so after all that may be left to routing-controllers.
  const asking = params.map((param) => askingReader(param, driver));
  const asked = asking.flatMap((ask, place) => (ask === undefined ? [] : [{ ask, place }]));
  const found = params.map((param, place) => (asking[place] === undefined ? reader(param, driver) : askLater));
  if (found.includes(undefined)) return upstream;
  const readers = found as Read[];

  const fail = (error: unknown, action: Action) => driver.handleError(error, metadata, action);

  function handle(result: unknown, action: Action): unknown {
    // As routing-controllers, which passes on a function with `then`.
    if (typeof result === 'object' && isPromiseLike(result)) {
      return (result as Promise<unknown>)
        .then((settled) => handle(settled, action))
        .catch((error: unknown) => fail(error, action));
    }
    const handled = nativePromise(driver.handleSuccess(result, metadata, action));
    return handled instanceof Promise ? handled.catch((error: unknown) => fail(error, action)) : handled;
  }

  function call(values: unknown[], action: Action): unknown {
    try {
      return handle(metadata.callMethod(values, action), action);
    } catch (error) {
      return fail(error, action);
    }
  }

  function run(action: Action): unknown {
    const values: unknown[] = [];
    for (const read of readers) {
      const value = read(action);
      if (value === UNKNOWN) return upstream(action);
      values.push(value);
    }
    if (!askAll(asked, values, action)) return call(values, action);
    return Promise.all(values).then(
      (settled) => call(settled, action),
      (error: unknown) => fail(error, action),
    );
  }

  return (action) => BEGUN.then(() => run(action));
}

const BEGUN = Promise.resolve();

const askLater: Read = () => undefined;

/** A parameter that is asked of others, and its place in the list of values. */
interface Asked {
  readonly ask: Read;
  readonly place: number;
}

/**
 * Reads what is asked of others. One that fails is a rejected promise, since all the others are asked too.
 *
 * @returns whether to wait for one of them
 */
function askAll(asked: readonly Asked[], values: unknown[], action: Action): boolean {
  let waits = false;
  for (const { ask, place } of asked) {
    try {
      const value = ask(action);
      values[place] = value;
      if (!isPromiseLike(value)) continue;
      // What is thrown comes before what is rejected.
      values[place] = new Promise((resolve) => resolve(value));
    } catch (error) {
      values[place] = Promise.reject(error);
    }
    waits = true;
  }
  return waits;
}

/** Whether routing-controllers does more for an action than to read its parameters and to call it. */
function hasMore({ appendParams, methodOverride, interceptors, controllerMetadata }: ActionMetadata): boolean {
  if (appendParams !== undefined || methodOverride !== undefined) return true;
  if (interceptors.length > 0 || controllerMetadata.interceptors.length > 0) return true;
  // Those of all actions.
  return getMetadataArgsStorage().interceptors.length > 0;
}

/** `undefined` for a parameter that is read from the request. */
function askingReader(param: ParamMetadata, driver: RunningDriver): Read | undefined {
  if (isOptionalUser(param)) return driver.currentUserChecker;
  if (param.type !== 'custom-converter' || param.transform === undefined) return undefined;
  return (action) => param.transform(action, undefined);
}

function isOptionalUser({ type, required, transform }: ParamMetadata): boolean {
  return type === 'current-user' && !required && transform === undefined;
}

/** `undefined` for a parameter that routing-controllers has to read. */
function reader(param: ParamMetadata, driver: RunningDriver): Read | undefined {
  // None of the decorators of routing-controllers itself.
  if (param.transform !== undefined) return undefined;
  if (param.type === 'current-user') return requiredUserReader(driver);
  return TEXTUAL.has(param.type) ? textReader(param, driver) : WHOLE.get(param.type);
}

const TEXTUAL = new Set(['param', 'query', 'header', 'cookie']);

const WHOLE = new Map<string, Read>([
  ['request', ({ request }) => request],
  ['response', ({ response }) => response],
  ['context', ({ context }) => context],
]);

/** A guard that requires a user knows it. Otherwise routing-controllers asks again, and answers that there is none. */
function requiredUserReader(driver: RunningDriver): Read {
  return (action) => {
    try {
      const user = nativePromise((driver.currentUserChecker as Read)(action));
      if (!(user instanceof Promise)) return user || UNKNOWN;
      user.catch(() => undefined);
    } catch {}
    return UNKNOWN;
  };
}

function textReader(param: ParamMetadata, driver: RunningDriver): Read | undefined {
  const { targetName, isArray, isTargetObject, parse, required } = param;
  const convert = CONVERSIONS.get(targetName);
  if (convert === undefined || isArray || (targetName === '' && (parse || isTargetObject))) return undefined;
  return (action) => {
    const text = driver.getParamFromRequest(action, param);
    if (text === undefined && !required) return undefined;
    // What is empty may count as missing, or as `true`.
    return typeof text !== 'string' || text === '' ? UNKNOWN : convert(text);
  };
}

const TRUTH_VALUES = new Map<string, unknown>([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

function toNumber(text: string): unknown {
  const number = Number(text);
  return Number.isNaN(number) ? UNKNOWN : number;
}

/** By the lower-case name of the type. */
const CONVERSIONS = new Map<string, (text: string) => unknown>([
  ['', (text) => text],
  ['string', (text) => text],
  ['number', toNumber],
  ['boolean', (text) => TRUTH_VALUES.get(text) ?? UNKNOWN],
]);
