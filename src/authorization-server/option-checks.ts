import { ConfigurationError } from '../core/errors.js';

/** Names of what is never shown. */
const SECRET = /key|token|secret|pass/i;

/** A mistake in an option of `authorizationServer`; says what to write instead. */
export function refuse(name: string, value: unknown, fix: string): never {
  throw new ConfigurationError(`The option authorizationServer.${name} cannot be ${shown(name, value)}: ${fix}.`);
}

function shown(name: string, value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'number' || value === undefined || value === null) return String(value);
  if (SECRET.test(name)) return 'what it is';
  const json = JSON.stringify(value, (key, inner: unknown) =>
    SECRET.test(key) && typeof inner === 'string' ? '***' : inner,
  )?.replace(/:\/\/[^"\s]*@/g, '://***@');
  return json === undefined ? String(value) : json.length > 80 ? `${json.slice(0, 80)}…` : json;
}

/** A whole number of seconds. */
export function seconds(name: string, value: unknown, fallback: number, least = 1): number {
  if (value === undefined) return fallback;
  // A hundred years: far above every use, and far below where milliseconds lose digits.
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > 3_162_240_000) {
    refuse(name, value, `give a whole number of seconds, at least ${least}`);
  }
  return value as number;
}

export function flag(name: string, value: unknown, fallback: boolean): boolean {
  if (value !== undefined && typeof value !== 'boolean') refuse(name, value, 'use true or false');
  return (value as boolean | undefined) ?? fallback;
}

export function optionalFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') refuse(name, value, 'give a function');
}

export function plainObject(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(name, value, 'give an object');
  return value as Record<string, unknown>;
}

/** Refuses what is not among the known names, so that a mistyped option is not left without effect. */
export function onlyNames(where: string, value: object, names: readonly string[]): void {
  for (const name of Object.keys(value)) {
    if (names.includes(name)) continue;
    const known = `known are ${names.join(', ')}`;
    refuse(`${where}${name}`, (value as Record<string, unknown>)[name], known);
  }
}
