import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../../../src/core/digest.js';
import { locationOf } from '../../support/bad-input/browser.js';
import { basic } from '../../support/bad-input/form-parameters.js';
import {
  bytesColumn,
  type Columns,
  flagColumn,
  jsonColumn,
  type Row,
  rowsOf,
  secondsColumn,
  textColumn,
  timeColumn,
} from '../../support/bad-input/rows.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import {
  codeIn,
  DEVICE_CODE,
  described,
  ISSUER,
  numberIn,
  REDIRECT_URI,
  REQUEST,
  Shop,
  wordsIn,
} from '../../support/bad-input/shop.js';
import { databaseKinds } from '../../support/services.js';
import type { RawReply } from '../../support/spec/http.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/** Each input is a statement and a request through oidc-provider. */
const SHARES = { sqlite: 0.025, mariadb: 0.004, postgres: 0.004 };

const APPLICATIONS = 'oauth2_applications';
const ENDED = 'https://app.example/ended';

const isOn = (flag: unknown) => flag === 1 || flag === true;
const isUnset = (value: unknown) => value === null || value === undefined;

/** What a stranger's application may have is said by options and not by its row alone; only the host's is judged here. */
const isOfHost = ({ registered_by: by, user_id: owner }: Row) => by === 'host' || (isUnset(by) && isUnset(owner));

/** Whether a row says, without doubt, that this is an application that may do something. */
const mayAct = (row: Row) =>
  row.disabled_at_ms === null &&
  [row.client_id, row.name, row.grant_types, row.redirect_uris].every((one) => typeof one === 'string') &&
  isOfHost(row);

describe.each(databaseKinds())('rows of applications, on %s', (kind) => {
  const shop = new Shop();
  const share = SHARES[kind];
  let id = 0;
  let good: Row = {};
  let cookies = '';
  /** A token of another application. */
  let token = '';
  let count = 0;

  beforeAll(async () => {
    await shop.start(kind);
    const { oauth2 } = shop;
    id = Number((await shop.lastRow(APPLICATIONS)).id);
    const { application: other } = await oauth2.applications.create({
      name: 'Other',
      grantTypes: ['client_credentials'],
    });
    token = (await oauth2.tokens.issue({ application: other.clientId, scope: 'read' })).access_token;
    cookies = (await shop.signedIn('alice')).cookies;
    good = { ...(await shop.row(APPLICATIONS, id)), post_logout_redirect_uris: ENDED };
    shop.keepSecret(
      token.slice(4),
      ...cookies.split('; ').map((cookie) => cookie.slice(cookie.indexOf('=') + 1)),
      sha256(shop.clientSecret).toString('hex'),
      sha256(shop.clientSecret).toString('base64'),
    );
  });

  afterAll(() => shop.close());

  const columns = (): Columns => {
    const orNothing = { nullable: true };
    const scopes = textColumn(['read', 'write', 'read write', 'introspection', 'openid'], orNothing);
    const grantTypes = ['authorization_code', 'client_credentials', 'refresh_token', DEVICE_CODE, 'implicit'];
    const hash = bytesColumn([sha256(shop.clientSecret), Buffer.alloc(32)], 32, true);
    const imported = textColumn(
      ['pbkdf2_sha256$1000$salt$aGFzaA==', `pbkdf2_sha256$1000$a$${'A'.repeat(43)}=`],
      orNothing,
    );
    return {
      client_secret_hash: hash,
      previous_client_secret_hash: hash,
      previous_secret_expires_at_ms: timeColumn(true),
      client_secret_imported: imported,
      previous_client_secret_imported: imported,
      name: textColumn(['Shop', '<b>Shop</b>'], { width: 255 }),
      client_type: textColumn(['confidential', 'public'], { width: 16 }),
      grant_types: textColumn([grantTypes.slice(0, 4).join(' '), ...grantTypes]),
      redirect_uris: textColumn([
        ...[REDIRECT_URI, `${REDIRECT_URI} https://evil.example/`, `${REDIRECT_URI}/`, 'javascript:alert(1)', ''],
      ]),
      post_logout_redirect_uris: textColumn([ENDED, 'data:text/html,x', '//evil.example'], orNothing),
      allowed_origins: textColumn(['https://app.example', '*', 'null'], orNothing),
      jwks: jsonColumn(['{"keys":[]}'], ['{"keys":5}', '{"keys":[5]}', '{"keys":[{"kty":"RSA"}]}', '{"keys":[{}]}']),
      jwks_uri: textColumn(['https://127.0.0.1:1/keys', 'file:///etc/passwd'], orNothing),
      scope: scopes,
      approved_scope: scopes,
      approved_grant_types: textColumn(grantTypes, orNothing),
      user_id: textColumn(['alice', 'bob'], { width: 255, nullable: true }),
      registered_by: textColumn(['host', 'owner', 'registration', 'document', 'constructor', '__proto__'], {
        ...{ width: 16, nullable: true },
      }),
      skip_authorization: flagColumn,
      may_introspect: flagColumn,
      dpop_bound_access_tokens: flagColumn,
      certificate_bound_access_tokens: flagColumn,
      require_pushed_authorization_requests: flagColumn,
      require_auth_time: flagColumn,
      access_token_lifetime_seconds: secondsColumn,
      refresh_token_lifetime_seconds: secondsColumn,
      refresh_token_idle_seconds: secondsColumn,
      id_token_lifetime_seconds: secondsColumn,
      default_max_age_seconds: secondsColumn,
      id_token_signed_response_alg: textColumn(['RS256', 'ES256', 'none', 'HS256'], { width: 16, nullable: true }),
      token_endpoint_auth_method: textColumn(['client_secret_post', 'none'], { width: 32, nullable: true }),
      token_endpoint_auth_signing_alg: textColumn(['ES256', 'none'], { width: 16, nullable: true }),
      trust_cleared_at_ms: timeColumn(true),
      metadata_expires_at_ms: timeColumn(true),
      disabled_at_ms: timeColumn(true),
      created_at_ms: timeColumn(),
      updated_at_ms: timeColumn(),
    };
  };

  /** Whether the secret is one of the row. */
  const isProven = (row: Row) => {
    const isSecret = (hash: unknown) => Buffer.isBuffer(hash) && hash.equals(sha256(shop.clientSecret));
    const isPrevious =
      isSecret(row.previous_client_secret_hash) && numberIn(row.previous_secret_expires_at_ms) > Date.now();
    const hasKeys = [row.jwks, row.jwks_uri].some((keys) => !isUnset(keys) && keys !== '');
    return row.client_type === 'confidential' && !hasKeys && (isSecret(row.client_secret_hash) || isPrevious);
  };
  const has = (row: Row, scope: string) => row.scope === null || wordsIn(row.scope).includes(scope);
  const isBound = (row: Row) =>
    [row.dpop_bound_access_tokens, row.certificate_bound_access_tokens].some((flag) => flag !== 0 && flag !== false);
  const lifetimeIsFit = (row: Row, seconds: number) =>
    row.access_token_lifetime_seconds === null
      ? seconds === 3600
      : row.access_token_lifetime_seconds === seconds && seconds >= 1 && seconds <= 315_360_000;

  const on = kind === 'postgres' ? true : 1;

  interface Question {
    readonly name: string;
    /** What a row needs for that beside what every one has. */
    readonly needs?: Row;
    /** What is asked, of the application under this name. */
    readonly ask: (clientId: string) => Promise<RawReply>;
    /** Whether the answer gives what only some rows may have; of these the question is whether the row says so. */
    readonly gives: (reply: RawReply) => boolean;
    readonly may: (row: Row, reply: RawReply) => boolean;
  }

  const client = (clientId: string) => basic(clientId, shop.clientSecret);
  const asAlice = (path: string) => shop.send({ requestLine: `GET ${path}`, fields: [`Cookie: ${cookies}`] });

  const QUESTIONS: readonly Question[] = [
    {
      name: 'a token of its own',
      ask: (clientId) =>
        shop.form('/oauth2/token', { grant_type: 'client_credentials', scope: 'read' }, client(clientId)),
      gives: ({ status }) => status === 200,
      may: (row, reply) =>
        mayAct(row) &&
        isProven(row) &&
        wordsIn(row.grant_types).includes('client_credentials') &&
        has(row, 'read') &&
        !isBound(row) &&
        lifetimeIsFit(row, JSON.parse(reply.text).expires_in),
    },
    {
      name: 'introspection of the token of another',
      needs: { may_introspect: on },
      ask: (clientId) => shop.form('/oauth2/introspect', { token }, client(clientId)),
      gives: ({ text }) => /"active":true/.test(text),
      may: (row) =>
        mayAct(row) && isProven(row) && (isOn(row.may_introspect) || wordsIn(row.scope).includes('introspection')),
    },
    {
      name: 'a pushed request',
      ask: (clientId) => shop.form('/oauth2/par', { ...REQUEST, client_id: clientId }, client(clientId)),
      gives: ({ status }) => status === 201,
      may: (row) =>
        mayAct(row) &&
        isProven(row) &&
        wordsIn(row.redirect_uris).includes(REDIRECT_URI) &&
        wordsIn(row.grant_types).includes('authorization_code'),
    },
    {
      name: 'a code that alice is not asked about',
      needs: { skip_authorization: on },
      ask: (clientId) => asAlice(`/oauth2/authorize?${new URLSearchParams({ ...REQUEST, client_id: clientId })}`),
      gives: (reply) => codeIn(reply) !== undefined,
      may: (row) =>
        mayAct(row) &&
        isOn(row.skip_authorization) &&
        has(row, 'read') &&
        wordsIn(row.redirect_uris).includes(REDIRECT_URI) &&
        wordsIn(row.grant_types).includes('authorization_code'),
    },
    {
      name: 'an answer at its address',
      ask: (clientId) =>
        asAlice(`/oauth2/authorize?${new URLSearchParams({ ...REQUEST, client_id: clientId, prompt: 'none' })}`),
      gives: (reply) => !isOurs(locationOf(reply)),
      may: (row, reply) =>
        mayAct(row) &&
        wordsIn(row.redirect_uris).includes(REDIRECT_URI) &&
        locationOf(reply).startsWith(`${REDIRECT_URI}?`),
    },
    {
      name: 'its page for staff, with its secrets left out',
      ask: (clientId) => asAlice(`/oauth2/staff/applications/${encodeURIComponent(clientId)}`),
      gives: ({ status }) => status === 200,
      may: ({ client_id: clientId, name }) => [clientId, name].every((one) => typeof one === 'string'),
    },
    {
      name: 'its form for staff',
      ask: (clientId) => asAlice(`/oauth2/staff/applications/${encodeURIComponent(clientId)}/edit`),
      gives: ({ status }) => status === 200,
      may: ({ client_id: clientId, name }) => [clientId, name].every((one) => typeof one === 'string'),
    },
    {
      name: 'its place in the lists',
      ask: async (clientId) => {
        await asAlice('/oauth2/applications');
        const reply = await asAlice(`/oauth2/staff/applications?q=${encodeURIComponent(clientId)}`);
        // Whatever is wrong with it, the list has the others.
        if (reply.status !== 200 || !reply.text.includes('Other')) throw new Error(`${reply.status} ${reply.text}`);
        return reply;
      },
      gives: ({ text }) => /\/staff\/applications\/shop/.test(text),
      may: ({ client_id: clientId, name }) => [clientId, name].every((one) => typeof one === 'string'),
    },
    {
      name: 'a way out to its address',
      ask: (clientId) =>
        shop.send({
          requestLine: `GET /oauth2/logout?${new URLSearchParams({
            ...{ client_id: clientId, post_logout_redirect_uri: ENDED, state: 's' },
          })}`,
        }),
      gives: (reply) => reply.status === 303 || (reply.status === 200 && !/error/i.test(reply.text)),
      may: (row) => row.disabled_at_ms === null && wordsIn(row.post_logout_redirect_uris).includes(ENDED),
    },
  ];

  test.each(QUESTIONS)(
    '[ALL-79] only a row that says so without doubt gives an application $name, and none fails',
    async ({ ask, gives, may, needs = {} }) => {
      const seen = { given: 0, refused: 0 };
      await forInputsAsync(
        fc.asyncProperty(rowsOf(kind, columns()), fc.boolean(), async (changed, hasAll) => {
          // Under another name each time, so that nothing that is remembered is of the row before.
          count += 1;
          const { id: _, ...before } = good;
          const clientId = `shop-${count}`;
          const written = { ...before, ...(hasAll && needs), ...changed, client_id: clientId };
          await shop.oauth2.knex(APPLICATIONS).where('id', id).update(written);
          const row = await shop.row(APPLICATIONS, id);
          const reply = await ask(clientId);
          const given = gives(reply);
          if (given && !may(row, reply))
            throw new Error(`${reply.status} ${locationOf(reply)} ${reply.text} for ${described(changed)}`);
          seen[given ? 'given' : 'refused'] += 1;
        }),
        share,
      );
      expect([seen.given > 0, shop.observed.uncaught]).toEqual([true, []]);
    },
  );
});

const isOurs = (location: string) =>
  location === '' || /^\/(?![/\\])/.test(location) || location.startsWith(`${ISSUER}/`);
