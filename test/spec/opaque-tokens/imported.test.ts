import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../src/core/digest.js';
import { admitUncheckedTokens } from '../../../src/storage/index.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { expectError, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

describe.each(STACKS)('refresh tokens that are imported while the server runs, on %s', (name) => {
  let offset = 0;
  const clock = { nowMilliseconds: () => Date.now(), monotonicMilliseconds: () => performance.now() + offset };
  const suite = useAuthorizationServer(name, { controllers: [], oauth2: { clock } });
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
  });

  /** A live refresh token of another server. */
  async function foreignToken(): Promise<string> {
    const { refresh_token: own } = await suite.tokens(client);
    const { models, knex } = suite.server.oauth2;
    const token = randomBytes(30).toString('base64url');
    const changed = await models.RefreshToken.query(knex)
      .where('token_hash', sha256(own))
      .patch({ tokenHash: sha256(token) });
    expect(changed).toBe(1);
    return token;
  }

  test('[IM-9 RS-78] are good from the first request on, though the server refused such tokens before', async () => {
    const { knex } = suite.server.oauth2;
    const [first, second] = [await foreignToken(), await foreignToken()];
    expectError(await suite.refresh(client, randomBytes(30).toString('base64url')), 400, 'invalid_grant');
    await admitUncheckedTokens(knex);
    offset = 1_001;
    expect((await suite.refresh(client, first)).status).toBe(200);
    expect((await suite.refresh(client, second)).status).toBe(200);
    expectError(await suite.refresh(client, randomBytes(30).toString('base64url')), 400, 'invalid_grant');
  });
});
