import { isDeepStrictEqual } from 'node:util';
import type { Action, ActionMetadata } from 'routing-controllers';

/*
 * Replaces: `transformResult` of routing-controllers, written for 0.11.3 with class-transformer 0.5.1, for results
 * without class instances. For these, class-transformer's `instanceToPlain` walks through the result and looks for
 * decorators at each value, although a plain object can have none. Must equal: the copy that `instanceToPlain` makes
 * without options, which shares no object with the result. Compared by:
 * test/unit/routing-controllers/fast/plain-result.test.ts, with generated results. At start-up `plainResultsFirst`
 * compares the two on one result; if they differ, or if the application has options for class-transformer,
 * routing-controllers transforms every result.
 */

/** `transformResult` of a driver. */
export type TransformResult = (result: unknown, action: ActionMetadata, options: Action) => unknown;

/** The settings of a driver that determine how results are transformed. */
export interface TransformSettings {
  readonly useClassTransformer: boolean;
  readonly classToPlainTransformOptions?: object;
}

/** A result with every kind of value that is copied here. */
const PROBE = {
  text: 'a',
  number: 1.5,
  none: null,
  missing: undefined,
  list: [1, { inner: [] }],
  object: { yes: true },
};

/** The upstream transformation, with plain results copied here; only the upstream one if the two would differ. */
export function plainResultsFirst(
  upstream: TransformResult,
  { useClassTransformer, classToPlainTransformOptions }: TransformSettings,
): TransformResult {
  if (!useClassTransformer || classToPlainTransformOptions !== undefined || !copiesAlike(upstream)) return upstream;
  return (result, action, options) => {
    if (
      typeof result === 'object' &&
      result !== null &&
      action.options.transformResponse !== false &&
      action.responseClassTransformOptions === undefined
    ) {
      const copy = copyIfPlain(result);
      if (copy !== undefined) return copy;
    }
    return upstream(result, action, options);
  };
}

function copiesAlike(upstream: TransformResult): boolean {
  try {
    const copy = upstream(PROBE, { options: {} } as ActionMetadata, {} as Action) as typeof PROBE;
    const isCopy = copy.list !== PROBE.list && copy.object !== PROBE.object;
    return isCopy && isDeepStrictEqual(copy, copyIfPlain(PROBE));
  } catch {
    return false;
  }
}

/** Deeper results are left to class-transformer, which handles circular ones. */
const MAXIMUM_DEPTH = 16;
const NOT_PLAIN = Symbol('not plain');

/**
 * A copy of a result that consists only of plain objects, dense arrays and primitives, equal to the result of
 * class-transformer's `instanceToPlain` without options at a fraction of its cost. `undefined` if it contains anything
 * else (an instance, whose decorators decide what is shown, a date, a function, …): then class-transformer is used.
 */
export function copyIfPlain(result: object): object | undefined {
  const copy = copyOf(result, 0);
  return copy === NOT_PLAIN ? undefined : (copy as object);
}

function copyOf(value: unknown, depth: number): unknown {
  if (typeof value === 'function') return NOT_PLAIN;
  if (typeof value !== 'object' || value === null) return value;
  if (depth === MAXIMUM_DEPTH) return NOT_PLAIN;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return copyOfObject(value as Record<string, unknown>, depth + 1);
  return prototype === Array.prototype ? copyOfArray(value as unknown[], depth + 1) : NOT_PLAIN;
}

function copyOfObject(value: Record<string, unknown>, depth: number): unknown {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (key === '__proto__' || key === 'constructor') return NOT_PLAIN;
    const copied = copyOf(value[key], depth);
    if (copied === NOT_PLAIN) return NOT_PLAIN;
    copy[key] = copied;
  }
  return copy;
}

function copyOfArray(value: unknown[], depth: number): unknown {
  const copy: unknown[] = [];
  for (let index = 0; index < value.length; index += 1) {
    const element = value[index];
    // class-transformer removes holes.
    if (element === undefined && !(index in value)) return NOT_PLAIN;
    const copied = copyOf(element, depth);
    if (copied === NOT_PLAIN) return NOT_PLAIN;
    copy.push(copied);
  }
  return copy;
}
