import {
  flagOption,
  functionOption,
  optionPath,
  refuseOption,
  type Shows,
  wholeNumberOption,
} from '../core/options/index.js';

/** The path of an option of `authorizationServer`. */
export function pathOf(name: string): string {
  return optionPath('authorizationServer', name);
}

/** A mistake in an option of `authorizationServer`; says what to write instead. */
export function refuse(name: string, value: unknown, fix: string, shows?: Shows): never {
  refuseOption(pathOf(name), value, fix, shows);
}

/** A hundred years: far above every use, and far below where milliseconds lose digits. */
const MAXIMUM_SECONDS = 3_162_240_000;

/** A whole number of seconds. */
export function seconds(name: string, value: unknown, fallback: number, least = 1): number {
  if (value === undefined) return fallback;
  const fix = `give a whole number of seconds, at least ${least}`;
  return wholeNumberOption(pathOf(name), value, { least, most: MAXIMUM_SECONDS }, fix);
}

export function flag(name: string, value: unknown, fallback: boolean): boolean {
  return value === undefined ? fallback : flagOption(pathOf(name), value);
}

export function optionalFunction(name: string, value: unknown): void {
  if (value !== undefined) functionOption(pathOf(name), value);
}
