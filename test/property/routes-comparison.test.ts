import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareTables } from '../../src/cli/routes/compare-tables.js';
import type { KeptAction } from '../../src/cli/routes/route-rows.js';
import {
  AllowAny,
  allOf,
  anyOf,
  IsAuthenticated,
  IsAuthenticatedOrTokenHasScope,
  not,
  TokenHasReadWriteScope,
  TokenHasScope,
} from '../../src/resource-server/permissions/index.js';
import type { Permission } from '../../src/resource-server/permissions/permission.js';
import { Requirement } from '../../src/resource-server/permissions/requirement.js';
import type { RequestAccess } from '../../src/resource-server/request-access.js';
import { summaryOf } from '../../src/routing-controllers/action-summary.js';
import { action, anonymous, withClientToken, withSession, withToken } from '../support/permissions/access.js';

const SCOPES = ['a', 'b', 'read'];
const subsets = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => SCOPES.filter((_, index) => (bits & (1 << index)) !== 0));

/** What the code of a host decides; it decides the same before and after. */
const decisions = { odd: false, even: false };

class Odd implements Permission {
  hasPermission(): boolean {
    return decisions.odd;
  }
}

class Even implements Permission {
  hasPermission(): boolean {
    return decisions.even;
  }
}

const leaf = fc.oneof(
  fc.subarray(SCOPES, { minLength: 1 }).map((scopes) => scopes.join(' ')),
  fc.constantFrom(
    IsAuthenticated,
    IsAuthenticatedOrTokenHasScope,
    TokenHasScope,
    TokenHasReadWriteScope,
    AllowAny,
    Odd,
    Even,
  ),
);

const { tree } = fc.letrec<{ tree: string | Permission | (new () => Permission) }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leaf,
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((parts) => allOf(...(parts as [string]))),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((parts) => anyOf(...(parts as [string]))),
    tie('tree').map((part) => not(part)),
  ),
}));

const guard = fc.record({ tree, requiredScopes: fc.subarray(SCOPES) });
type Guard = typeof guard extends fc.Arbitrary<infer One> ? One : never;

function requirementOf({ tree: part, requiredScopes }: Guard): Requirement {
  return new Requirement(action([...requiredScopes]), [allOf(part)]);
}

function tableOf(requirement: Requirement): KeptAction[] {
  const reference = { ...requirement.action, needsUser: false };
  const plan = { action: requirement.action, requirement, throttle: { policies: [] } };
  const summary = summaryOf(
    { action: reference, plan, declared: { isPublic: false }, problem: undefined } as never,
    [],
  );
  return JSON.parse(JSON.stringify([summary]));
}

function admits(requirement: Requirement, access: RequestAccess): boolean {
  try {
    return requirement.refusal(access) === undefined;
  } catch {
    return false;
  }
}

/** Every kind of caller, while the code of the host decides in each way. */
function* callers(): Iterable<RequestAccess> {
  for (const odd of [false, true]) {
    for (const even of [false, true]) {
      Object.assign(decisions, { odd, even });
      yield anonymous();
      yield withSession();
      for (const scopes of subsets) {
        yield withToken(scopes);
        yield withClientToken(scopes);
      }
    }
  }
}

function admitsMore(now: Requirement, before: Requirement): boolean {
  for (const access of callers()) if (admits(now, access) && !admits(before, access)) return true;
  return false;
}

describe('[RS-74] a comparison of tables of routes', () => {
  test('never calls a guard "not weaker" that lets somebody in whom the one before refused', () => {
    let [weaker, equal] = [0, 0];
    fc.assert(
      fc.property(guard, guard, (one, other) => {
        const [now, before] = [requirementOf(one), requirementOf(other)];
        const { findings } = compareTables(tableOf(now), tableOf(before));
        if (findings.length === 0) {
          equal += 1;
          expect(admitsMore(now, before)).toBe(false);
        } else weaker += 1;
      }),
      { numRuns: 3000 },
    );
    // Neither answer is given to everything.
    expect(weaker).toBeGreaterThan(100);
    expect(equal).toBeGreaterThan(100);
  });

  test('finds nothing in a guard that asks for something beside what it asked for', () => {
    fc.assert(
      fc.property(guard, tree, ({ tree: part, requiredScopes }, more) => {
        const before = new Requirement(action([...requiredScopes]), [allOf(part)]);
        const now = new Requirement(action([...requiredScopes]), [allOf(part, more)]);
        expect(compareTables(tableOf(before), tableOf(before)).findings).toEqual([]);
        if (tableOf(now)[0]?.access[0]?.alternatives === undefined) return;
        expect(compareTables(tableOf(now), tableOf(before)).findings).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });
});
