/** Deeper results are left to class-transformer, which has its own end for what never ends. */
const MAXIMUM_DEPTH = 16;
const NOT_PLAIN = Symbol('not plain');

/**
 * A copy of a result that consists of plain objects, dense arrays and primitives alone: what class-transformer's
 * `instanceToPlain` makes of it without options, at a small part of its price. `undefined` if anything else is in it (an
 * instance, whose decorators decide what is shown, a date, a function, …): then class-transformer has to be asked.
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
    // class-transformer closes holes.
    if (element === undefined && !(index in value)) return NOT_PLAIN;
    const copied = copyOf(element, depth);
    if (copied === NOT_PLAIN) return NOT_PLAIN;
    copy.push(copied);
  }
  return copy;
}
