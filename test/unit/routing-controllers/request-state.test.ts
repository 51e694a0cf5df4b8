import { describe, expect, test } from '@jest/globals';
import type { Action } from 'routing-controllers';
import { ConfigurationError, ServerError } from '../../../src/core/errors.js';
import { ErrorResponder } from '../../../src/resource-server/error-response.js';
import { RequestAccess } from '../../../src/resource-server/request-access.js';
import { ownRefusal } from '../../../src/routing-controllers/refusal.js';
import {
  accessKnownBy,
  accessOf,
  accessOrUnguarded,
  type Identifier,
  knownAccess,
  noteAction,
  notedAction,
  notedRefusal,
  noteRefusal,
  type RequestState,
  STATE,
} from '../../../src/routing-controllers/request-state.js';
import { contextOf, guardOf, planOf } from '../../support/guard/guard.js';

const plan = planOf(undefined);
const { guard } = guardOf();

/** Identifies callers, and counts how often it is asked. */
function identifier() {
  const context = contextOf();
  const access = new RequestAccess(context, undefined, guard, plan);
  let asked = 0;
  const counting: Identifier = {
    identify: () => {
      asked += 1;
      return access;
    },
  };
  return { context, access, counting, asked: () => asked };
}

const withState = (context: object, state: RequestState) => Object.assign(context, { [STATE]: state });

describe('the caller of a request', () => {
  test('is known once the guard has identified it, and only under the plan for which it did', () => {
    const { context, access, counting } = identifier();
    expect([knownAccess(context, plan), accessKnownBy(context)]).toEqual([undefined, undefined]);
    withState(context, { guard: counting, plan, access: undefined });
    expect([knownAccess(context, plan), accessKnownBy(context)]).toEqual([undefined, undefined]);
    withState(context, { guard: counting, plan, access: Promise.resolve(access) });
    expect([knownAccess(context, plan), accessKnownBy(context)]).toEqual([undefined, undefined]);
    withState(context, { guard: counting, plan, access });
    expect([knownAccess(context, plan), accessKnownBy(context)]).toEqual([access, access]);
    expect(knownAccess(context, planOf(undefined))).toBeUndefined();
  });

  test('is asked for once, where nobody needed to know before', () => {
    const { context, access, counting, asked } = identifier();
    withState(context, { guard: counting, plan, access: undefined });
    expect([accessOf(context), accessOf(context), asked()]).toEqual([access, access, 1]);
  });

  test('is not asked for where the guard knows it', () => {
    const { context, access, counting, asked } = identifier();
    withState(context, { guard: counting, plan, access });
    expect([accessOf(context), accessOrUnguarded(context, counting, plan), asked()]).toEqual([access, access, 0]);
  });

  test('is nobody’s business for an action that no guard has seen', () => {
    expect(() => accessOf(contextOf())).toThrow(ConfigurationError);
    expect(() => accessOf(contextOf())).toThrow(
      /^@Access\(\) and @CurrentToken\(\) need a guarded action: add @Public/,
    );
  });

  test('does not make a request guarded because @CurrentUser() asked for it', () => {
    const { context, access, counting, asked } = identifier();
    expect(accessOrUnguarded(context, counting, plan)).toBe(access);
    expect(accessOrUnguarded(context, counting, plan)).toBe(access);
    expect(asked()).toBe(1);
    expect(() => accessOf(context)).toThrow(ConfigurationError);
    expect([knownAccess(context, plan), accessKnownBy(context)]).toEqual([undefined, undefined]);
  });
});

describe('what is noted for a request', () => {
  const responder = new ErrorResponder({
    ...{ realm: 'api', errorBody: 'oauth2', errorResponseWithScopes: false, authenticators: [] },
  });
  const refusal = ownRefusal(responder, new ServerError(new Error('A fault.')));

  test('is found again, for the same request', () => {
    const { context, counting } = identifier();
    const action = { context, request: context.request, response: context.response } as Action;
    withState(context, { guard: counting, plan, access: undefined });
    expect([notedAction(context), notedRefusal(context)]).toEqual([undefined, undefined]);
    noteAction(action);
    noteRefusal(context, refusal);
    expect(notedAction(context)).toBe(action);
    expect(notedRefusal(context)).toBe(refusal);
    expect([notedAction(contextOf()), notedRefusal(contextOf())]).toEqual([undefined, undefined]);
  });

  test('is nothing where no guard has seen the request', () => {
    const context = contextOf();
    noteAction({ context, request: context.request, response: context.response });
    noteRefusal(context, refusal);
    expect([notedAction(context), notedRefusal(context)]).toEqual([undefined, undefined]);
    expect(Object.getOwnPropertySymbols(context)).not.toContain(STATE);
  });
});
