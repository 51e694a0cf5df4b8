import { parseList } from 'structured-headers';
import type { Reply } from '../../support/spec/http.js';

/** One policy as the response fields tell of it. */
export interface ToldPolicy {
  readonly name: string;
  /** `q` and `w` of `RateLimit-Policy`: units, and seconds. */
  readonly quota: number;
  readonly windowSeconds: number;
  /** `r` and `t` of `RateLimit`: units, and seconds. */
  readonly remaining: number;
  readonly resetSeconds: number;
}

/** Reads `RateLimit-Policy` and `RateLimit` as structured fields (RFC 9651); empty if neither is there. */
export function toldPolicies({ headers }: Pick<Reply, 'headers'>): ToldPolicy[] {
  const policies = items(headers.get('ratelimit-policy'));
  const limits = items(headers.get('ratelimit'));
  return policies.map(({ name, parameters }, index) => {
    const limit = limits[index];
    if (limit?.name !== name) throw new Error('RateLimit and RateLimit-Policy name different policies.');
    return {
      name,
      quota: integer(parameters, 'q'),
      windowSeconds: integer(parameters, 'w'),
      remaining: integer(limit.parameters, 'r'),
      resetSeconds: integer(limit.parameters, 't'),
    };
  });
}

/** The policy of a name; throws if the response does not tell of it. */
export function toldPolicy(reply: Pick<Reply, 'headers'>, name: string): ToldPolicy {
  const found = toldPolicies(reply).find((policy) => policy.name === name);
  if (found === undefined) throw new Error(`The response does not tell of the policy ${name}.`);
  return found;
}

type Parameters = ReadonlyMap<string, unknown>;

function items(field: string | null): { name: string; parameters: Parameters }[] {
  return parseList(field ?? '').map(([name, parameters]) => {
    if (typeof name !== 'string') throw new Error(`${JSON.stringify(name)} is not a string.`);
    return { name, parameters };
  });
}

function integer(parameters: Parameters, name: string): number {
  const value = parameters.get(name);
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new Error(`${name} is not an integer.`);
  return value;
}
