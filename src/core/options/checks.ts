import { hostPath, optionPath, refuseOption, refuseUnknown } from './refuse-option.js';

/** The smallest and the largest number that is allowed. */
export interface Range {
  readonly least: number;
  readonly most?: number;
}

/** @throws ConfigurationError unless the value is a string that is not empty */
export function textOption(path: string, value: unknown, fix = 'give a text that is not empty'): string {
  if (typeof value !== 'string' || value.trim() === '') refuseOption(path, value, fix);
  return value;
}

/** @throws ConfigurationError unless the value is a whole number in the range */
export function wholeNumberOption(path: string, value: unknown, range: Range, fix?: string): number {
  if (!Number.isSafeInteger(value) || !isIn(value as number, range)) {
    refuseOption(path, value, fix ?? `give a whole number${span(range)}`, { number: true });
  }
  return value as number;
}

/** @throws ConfigurationError unless the value is a finite number in the range */
export function numberOption(path: string, value: unknown, range: Range, fix?: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || !isIn(value, range)) {
    refuseOption(path, value, fix ?? `give a number${span(range)}`, { number: true });
  }
  return value;
}

/** @throws ConfigurationError unless the value is `true` or `false` */
export function flagOption(path: string, value: unknown): boolean {
  if (typeof value !== 'boolean') refuseOption(path, value, 'use true or false');
  return value;
}

/** @throws ConfigurationError unless the value is one of the choices; a mistyped one is shown */
export function choiceOption<const Choice>(path: string, value: unknown, choices: readonly Choice[]): Choice {
  if ((choices as readonly unknown[]).includes(value)) return value as Choice;
  const quoted = choices.map((choice) => (typeof choice === 'string' ? `'${choice}'` : String(choice)));
  const list = quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
  refuseOption(path, value, `use ${list}`, { near: choices.filter((choice) => typeof choice === 'string') });
}

/** @throws ConfigurationError unless the value is a function */
export function functionOption(path: string, value: unknown, fix = 'give a function'): Function {
  if (typeof value !== 'function') refuseOption(path, value, fix);
  return value;
}

/**
 * @throws ConfigurationError unless the value is an object with these functions
 */
export function objectWith(path: string, value: unknown, functions: readonly string[], fix: string): void {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  const has = (name: string) => typeof readMember(value as Record<string, unknown>, name, path) === 'function';
  if (!isObject || !functions.every(has)) refuseOption(path, value, fix);
}

/** @throws ConfigurationError unless the value can be used as a clock */
export function clockOption(path: string, value: unknown): void {
  const functions = ['nowMilliseconds', 'monotonicMilliseconds'];
  objectWith(path, value, functions, 'it needs the functions nowMilliseconds and monotonicMilliseconds');
}

/** @throws ConfigurationError unless the value can be used as a logger */
export function loggerOption(path: string, value: unknown): void {
  objectWith(path, value, ['info', 'warn', 'error'], 'it needs the functions info, warn and error, as the console');
}

/** @throws ConfigurationError unless the value is an object, and not a list */
export function objectOption(path: string, value: unknown, fix = 'give an object'): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuseOption(path, value, fix);
  return value as Readonly<Record<string, unknown>>;
}

/**
 * The members of a group whose names the host chooses (scopes, policies), each read once.
 *
 * @throws ConfigurationError if the value is not an object, or a member cannot be read
 */
export function entriesOption(path: string, value: unknown, fix?: string): [name: string, member: unknown][] {
  const given = objectOption(path, value, fix);
  return Object.keys(given).map((name) => [name, readMember(given, name, hostPath(path, name))]);
}

/** @throws ConfigurationError unless the value is a list */
export function listOption(path: string, value: unknown, fix: string): readonly unknown[] {
  if (!Array.isArray(value)) refuseOption(path, value, fix);
  return value;
}

/**
 * Reads a group of options once. Refuses what is not an object, and unknown names, because a mistyped option would have
 * no effect. Returns a plain object whose members were read a single time, so that a getter cannot return one value to
 * the check and another to the code that uses it.
 *
 * @param path the path of the group, `''` at the top
 * @throws ConfigurationError naming the option, and for a mistyped one the most similar known one
 */
export function knownOptions<Options extends object>(
  path: string,
  value: unknown,
  names: readonly (keyof Options & string)[],
  fix?: string,
): Options {
  const given = objectOption(path, value, fix);
  const known: ReadonlySet<string> = new Set(names);
  for (const name of Object.keys(given)) if (!known.has(name)) refuseUnknown(path, name, names);
  const read: Record<string, unknown> = {};
  for (const name of names) {
    const member = readMember(given, name, optionPath(path, name));
    if (member !== undefined || Object.hasOwn(given, name)) read[name] = member;
  }
  return read as Options;
}

/** What a getter throws may contain the value, so it is not reported. */
function readMember(from: Readonly<Record<string, unknown>>, name: string, path: string): unknown {
  try {
    return from[name];
  } catch {
    return refuseOption(path, from, 'reading it failed; give the value itself');
  }
}

function isIn(value: number, { least, most }: Range): boolean {
  return value >= least && value <= (most ?? Number.POSITIVE_INFINITY);
}

function span({ least, most }: Range): string {
  return most === undefined || most === Number.MAX_SAFE_INTEGER ? `, at least ${least}` : ` from ${least} to ${most}`;
}
