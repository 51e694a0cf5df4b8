import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import Koa from 'koa';
import { Authorized, Get, getMetadataArgsStorage, JsonController, Post } from 'routing-controllers';
import {
  AllowAny,
  allOf,
  anyOf,
  bearer,
  IsAuthenticated,
  IsAuthenticatedOrTokenHasScope,
  not,
  type OAuth2,
  type PermissionExpression,
  RequiredScopes,
  session,
  TokenHasReadWriteScope,
  TokenHasResourceScope,
  TokenHasScope,
  TokenMatchesOASRequirements,
} from '../../../src/public/index.js';
import { openApi } from '../../../src/public/openapi.js';
import { serve } from '../../support/http.js';
import {
  admits,
  combinations,
  type Document,
  operationsOf,
  outcomeOf,
  type Sent,
} from '../../support/openapi/security-reader.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

const SCOPES = ['a', 'b', 'a:read', 'read', 'write'];

interface Caller {
  readonly sent: Sent;
  readonly headers: Readonly<Record<string, string>>;
  readonly isUser: boolean;
}

let oauth2: OAuth2;
let callers: readonly Caller[];
beforeAll(async () => {
  const made = await testOAuth2({
    authenticators: [
      bearer(),
      session({ userId: ({ headers }) => headers['x-session'] as string | undefined, csrfToken: () => 'c' }),
    ],
  });
  oauth2 = made.oauth2;
  const tokens = await Promise.all(
    combinations(SCOPES).flatMap((bearer) =>
      ['alice', undefined].map(async (user) => ({
        sent: { bearer },
        headers: { Authorization: `Bearer ${await made.issue(bearer.join(' '), user)}` },
        isUser: user !== undefined,
      })),
    ),
  );
  callers = [
    { sent: {}, headers: {}, isUser: false },
    { sent: { keys: ['sid'] }, headers: { 'X-Session': 'alice' }, isUser: true },
    { sent: { keys: ['sid', 'x-csrf-token'] }, headers: { 'X-Session': 'alice', 'X-CSRF-Token': 'c' }, isUser: true },
    ...tokens,
  ];
});
afterAll(() => oauth2.close());

class OnlyB extends TokenHasScope {
  override readonly requiredScopes = ['b'];
}

const leaf: fc.Arbitrary<PermissionExpression> = fc.constantFrom<PermissionExpression>(
  'a',
  'b',
  'a b',
  'read',
  OnlyB,
  TokenHasReadWriteScope,
  TokenHasResourceScope,
  IsAuthenticated,
  IsAuthenticatedOrTokenHasScope,
  AllowAny,
  new TokenHasResourceScope({ a: ['b'] }),
  new TokenMatchesOASRequirements({ GET: [['a'], ['b', 'read']], POST: [['write']] }),
);

const { tree } = fc.letrec<{ tree: PermissionExpression; parts: PermissionExpression[] }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 4, arbitrary: leaf },
    { weight: 2, arbitrary: tie('parts').map((parts) => allOf(...(parts as [PermissionExpression]))) },
    { weight: 2, arbitrary: tie('parts').map((parts) => anyOf(...(parts as [PermissionExpression]))) },
    { weight: 1, arbitrary: tie('tree').map((part) => not(part)) },
  ),
  parts: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
}));

/** What stands in one `@Authorized`; `undefined`: there is none. */
const place = fc.option(
  fc.oneof(
    tree.map((one) => [one] as unknown[]),
    fc.tuple(tree, tree).map((both) => [...both] as unknown[]),
    fc.constant<unknown[]>([['a'], ['b', 'read']]),
  ),
  { nil: undefined },
);
const guard = fc.record({ ofBase: place, ofClass: place, ofMethod: place, onBaseMethod: place });
type GuardDeclarations = typeof guard extends fc.Arbitrary<infer Value> ? Value : never;

/** A controller with these declarations on itself, its base and their methods. */
function controllerOf({ ofBase, ofClass, ofMethod, onBaseMethod }: GuardDeclarations, index: number): Function {
  class Base {
    inherited() {
      return {};
    }
    alsoInherited() {
      return {};
    }
  }
  class Sub extends Base {
    own() {
      return {};
    }
    post() {
      return {};
    }
  }
  Object.defineProperty(Sub, 'name', { value: `Sub${index}` });
  const on = (type: Function, method: string, value: unknown[] | undefined) => {
    const descriptor = Object.getOwnPropertyDescriptor(type.prototype, method) as PropertyDescriptor;
    if (value !== undefined) Authorized(value)(type.prototype, method, descriptor);
  };
  Get(`/inherited`)(Base.prototype, 'inherited');
  Post(`/inherited`)(Base.prototype, 'alsoInherited');
  Get(`/own`)(Sub.prototype, 'own');
  Post(`/own`)(Sub.prototype, 'post');
  RequiredScopes('a')(Sub);
  if (ofBase !== undefined) Authorized(ofBase)(Base);
  if (ofClass !== undefined) Authorized(ofClass)(Sub);
  for (const method of ['own', 'post']) on(Sub, method, ofMethod);
  for (const method of ['inherited', 'alsoInherited']) on(Base, method, onBaseMethod);
  JsonController(`/${index}`)(Sub);
  return Sub;
}

test('[RS-72] whatever stands on classes, methods and ancestors, the document lets in whom the guard lets in', async () => {
  let exact = 0;
  let partly = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(guard, { minLength: 1, maxLength: 4 }), async (guards) => {
      const controllers = guards.map(controllerOf);
      const document = openApi(
        oauth2,
        controllers,
        { title: 'T', version: '1' },
        { sessionCookie: 'sid' },
      ) as unknown as Document;
      const app = await serve(oauth2.useKoaServer(new Koa(), { controllers }));
      try {
        for (const { method, path, operation } of operationsOf(document)) {
          const named = operation['x-oauth2-not-expressed'] ?? [];
          const unknown = named.filter((one) => one !== 'user');
          for (const { sent, headers, isUser } of callers) {
            const { status } = await app.get(path, { method, headers });
            const outcome = outcomeOf(status);
            const isIn = admits(document, operation, sent);
            const isRefusedForCsrf = 'X-Session' in headers && method === 'POST' && !('X-CSRF-Token' in headers);
            const is = { method, path, sent, isUser, named, outcome };
            if (named.length === 0) {
              const refusal = sent.bearer === undefined && sent.keys === undefined ? 401 : 403;
              expect(is).toEqual({ ...is, outcome: isIn && !isRefusedForCsrf ? 'admitted' : refusal });
              exact += 1;
            } else if (unknown.length === 0) {
              // A user is needed somewhere: whom the guard lets in the document does too, and a user exactly.
              if (outcome === 'admitted') expect({ ...is, isIn }).toEqual({ ...is, isIn: true });
              if (isUser && !isRefusedForCsrf) expect({ ...is, isIn }).toEqual({ ...is, isIn: outcome === 'admitted' });
              partly += 1;
            } else {
              expect(unknown.every((one) => one === 'not' || one === 'nobody')).toBe(true);
            }
          }
        }
      } finally {
        await app.close();
        const { controllers: all, actions, responseHandlers } = getMetadataArgsStorage();
        for (const list of [all, actions, responseHandlers]) list.length = 0;
      }
    }),
    { numRuns: 15 },
  );
  expect(exact).toBeGreaterThan(1000);
  expect(partly).toBeGreaterThan(100);
}, 180_000);
