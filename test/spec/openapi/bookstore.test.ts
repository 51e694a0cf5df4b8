import { beforeAll, describe, expect, test } from '@jest/globals';
import { useBookstore } from '../../support/bookstore.js';
import { lint } from '../../support/openapi/lint.js';
import {
  admits,
  combinations,
  type Document,
  type Listed,
  operationsOf,
  outcomeOf,
  scopesNamed,
} from '../../support/openapi/security-reader.js';
import { call, callRaw } from '../../support/spec/http.js';

/** What no security object can say; every other operation is compared. */
const NOT_EXPRESSED = {
  'Conditional.get': ['custom'],
  'Conditional.put': ['custom'],
  'Conditional.patch': ['custom'],
  'Conditional.delete': ['custom'],
  'Notes.get': ['custom', 'entity'],
  'Protected.userOnly': ['user'],
  'Protected.recentLogin': ['authenticationContext'],
  'Protected.adminOrScope': ['custom'],
  'Session.signOut': ['custom'],
};

describe('the document of the example and its guard', () => {
  const shop = useBookstore('SQLite + memory', { environment: { THROTTLE_USER: 'null', THROTTLE_ANON: 'null' } });
  let document: Document;
  beforeAll(async () => {
    document = (await call(`${shop.url}/openapi.json`)).body as Document;
  });

  /** A body that would be refused by the action, so that nothing changes. */
  const send = ({ method, path }: Listed, token?: string) =>
    call(`${shop.url}${path.replace(/\{[^}]+\}/g, '1')}`, {
      method,
      token,
      json: method === 'POST' || method === 'PUT' || method === 'PATCH' ? {} : undefined,
      headers: { Accept: 'application/json' },
    }).catch((error: Error) => {
      // A page is no JSON.
      if (/is not JSON/.test(error.message)) return { status: 200 };
      throw error;
    });

  test('[RS-72] what the document cannot say is named in it, and nothing else is', () => {
    const named = operationsOf(document).flatMap(({ operation }) => {
      const parts = operation['x-oauth2-not-expressed'];
      return parts === undefined ? [] : [[operation.operationId, parts] as const];
    });
    expect(Object.fromEntries(named)).toEqual(NOT_EXPRESSED);
  });

  test('[RS-72] every other operation answers without a token, and with every combination of the scopes named, as the document says', async () => {
    const compared: string[] = [];
    for (const listed of operationsOf(document)) {
      const { operation, method, path } = listed;
      if (operation['x-oauth2-not-expressed'] !== undefined) continue;
      const callers = [undefined, ...combinations([...scopesNamed(operation), 'offline_access'])];
      for (const bearer of callers) {
        const token = bearer === undefined ? undefined : await shop.issue(bearer.join(' '), { user: 'alice' });
        const { status } = await send(listed, token);
        const isIn = admits(document, operation, { bearer });
        const expected = isIn ? 'admitted' : bearer === undefined ? 401 : 403;
        expect({ method, path, bearer, outcome: outcomeOf(status) }).toEqual({
          method,
          path,
          bearer,
          outcome: expected,
        });
      }
      compared.push(operation.operationId);
    }
    const all = operationsOf(document).map(({ operation }) => operation.operationId);
    expect([...compared, ...Object.keys(NOT_EXPRESSED)].sort()).toEqual([...all].sort());
  }, 120_000);

  test('[RS-72] redocly finds nothing in it, and would find a scope that nobody defines', async () => {
    expect(await lint(document)).toEqual([]);
    const text = JSON.stringify(document).replaceAll('"books:write"]', '"books:wirte"]');
    const found = await lint(JSON.parse(text));
    expect(found).toContainEqual(expect.stringMatching(/^error security-scopes-defined .*books:wirte/));
  }, 60_000);

  test('[RS-72] it is the same each time, and a caller who has it is told so', async () => {
    const first = await call(`${shop.url}/openapi.json`);
    expect(first.headers.get('content-type')).toMatch(/^application\/json/);
    const tag = `If-None-Match: ${first.headers.get('etag')}`;
    const again = await callRaw(shop.url, 'GET /openapi.json', [tag]);
    expect([again.status, again.text]).toEqual([304, '']);
    expect((await call(`${shop.url}/openapi.json`)).text).toBe(first.text);
  });
});
