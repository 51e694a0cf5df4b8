import { numberOption, optionPath, refuseOption } from '../../core/options/index.js';

/** @throws ConfigurationError if the value cannot be a prefix of Redis keys */
export function checkKeyPrefix(engine: string, keyPrefix: unknown): void {
  if (typeof keyPrefix === 'string' && !/[{}]/.test(keyPrefix)) return;
  refuseOption(
    optionPath(engine, 'keyPrefix'),
    keyPrefix,
    'give a string without braces, which mark the slot of a Cluster',
  );
}

/** @throws ConfigurationError if the value is not a valid time to wait */
export function checkDeadline(engine: string, deadlineMilliseconds: unknown): void {
  const fix = 'give a number of milliseconds above 0';
  numberOption(optionPath(engine, 'deadlineMilliseconds'), deadlineMilliseconds, { least: Number.MIN_VALUE }, fix);
}
