import { isIP } from 'node:net';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  documentedApplication,
  InvalidDocument,
} from '../../../src/authorization-server/clients/documents/document-metadata.js';
import {
  isDocumentType,
  LEAST_LIFETIME_SECONDS,
  lifetimeSeconds,
  MOST_LIFETIME_SECONDS,
} from '../../../src/authorization-server/clients/documents/document-response.js';
import { documentUrlProblem } from '../../../src/core/document-url.js';
import { redirectUriProblem } from '../../../src/core/redirect-uri.js';
import { isApplicationName } from '../../../src/storage/index.js';
import { documentTexts } from '../../support/document-texts.js';

const RUNS = 100_000;
const RUN_TIME_LIMIT_MILLISECONDS = 120_000;
const URL_OF_DOCUMENT = 'https://agent.example.com/client.json';
const LIMIT = { scopes: ['read', 'offline_access'], grantTypes: ['authorization_code', 'refresh_token'] };

/** A matcher of Jest would take most of the time of 10^5 runs. */
function holds(condition: boolean, rule: string): void {
  if (!condition) throw new Error(`It does not hold that ${rule}.`);
}

function admitted(text: string, allScopes: boolean) {
  try {
    return documentedApplication(URL_OF_DOCUMENT, text, { limit: LIMIT, allScopes, rules: {} });
  } catch (error) {
    holds(error instanceof InvalidDocument, 'this is the only error');
    const { message } = error as Error;
    holds(
      /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,500}$/.test(message),
      'it can be sent as error_description (RFC 6749 §5.2)',
    );
    return undefined;
  }
}

test(
  '[AS-67 §4] whatever a document says: it is refused, or its application has nothing beyond the limits',
  () => {
    const seen = { admitted: 0, refused: 0 };
    fc.assert(
      fc.property(documentTexts(URL_OF_DOCUMENT), fc.boolean(), (text, allScopes) => {
        const application = admitted(text, allScopes);
        seen[application === undefined ? 'refused' : 'admitted'] += 1;
        if (application === undefined) return;
        const said = JSON.parse(text) as Record<string, unknown>;
        holds(said.client_id === URL_OF_DOCUMENT, 'the document names its URL');
        holds((said.client_secret ?? said.client_secret_expires_at ?? null) === null, 'it has no secret');
        holds(['none', 'private_key_jwt'].includes(String(said.token_endpoint_auth_method ?? 'none')), 'it uses none');
        const { registeredBy, skipAuthorization, mayIntrospect, userId, importedSecretHash, extra } = application;
        holds(registeredBy === 'document', 'a document registers as a document');
        const trust = [skipAuthorization, mayIntrospect, userId, importedSecretHash, extra];
        holds(
          trust.every((one) => one === undefined),
          'it is given no trust',
        );
        holds(isApplicationName(application.name), 'its name can be shown');
        const { grantTypes, scopes, redirectUris, clientType = 'public', jwks, jwksUri } = application;
        holds(
          grantTypes.length > 0 && grantTypes.every((one) => LIMIT.grantTypes.includes(one)),
          'its grant types are listed',
        );
        holds(scopes?.every((one) => LIMIT.scopes.includes(one)) === true, 'its scopes are listed');
        const uris = redirectUris ?? [];
        holds(
          uris.every((one) => redirectUriProblem(one, clientType) === undefined),
          'its redirect URIs are in order',
        );
        holds(uris.length > 0 || !grantTypes.includes('authorization_code'), 'a code has an address');
        const hasKeys = (jwks ?? jwksUri ?? null) !== null;
        holds(hasKeys === (clientType === 'confidential'), 'it is public, or has keys');
        holds(!JSON.stringify(jwks ?? null).includes('"d":'), 'its keys are public');
      }),
      { numRuns: RUNS },
    );
    // Both happen, or nothing was tried.
    expect(Math.min(seen.admitted, seen.refused)).toBeGreaterThan(RUNS / 100);
  },
  RUN_TIME_LIMIT_MILLISECONDS,
);

const PIECES = [
  ...['https://', 'HTTPS://', 'http://', 'https:/', 'https:\\\\', 'a.example', 'A.example', 'localhost', '127.0.0.1'],
  ...['0x7f.1', '2130706433', '[::1]', '[::ffff:7f00:1]', 'xn--bcher-kva.example', 'bücher.example', ':443', ':8443'],
  ...['user@', 'user:password@', '@', '/', '//', '/.', '/..', '/%2e%2e/', '/client.json', '?x=1', '?', '#', '#x', '.'],
  ...[' ', '\t', '\n', '\0', '\\', '%00', '%2f', 'x', 'x'.repeat(120), '\u202e', '。'],
];
const piecedUrl = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 7 }).map((pieces) => pieces.join('')),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 5 }).map((pieces) => `https://${pieces.join('')}`),
  fc.webUrl({ validSchemes: ['https'], withFragments: true, withQueryParameters: true }),
  fc.string(),
);

test(
  '[AS-67 §3] an identifier that is accepted is the one form of an https URL with a host name and a path',
  () => {
    let accepted = 0;
    fc.assert(
      fc.property(piecedUrl, (identifier) => {
        if (documentUrlProblem(identifier) !== undefined) return;
        accepted += 1;
        const { href, protocol, username, password, hash, hostname, pathname } = new URL(identifier);
        holds(identifier.length <= 255, 'it fits into the column');
        holds(/^https:\/\/[\x21-\x7e]+$/.test(identifier) && href === identifier, 'it is in normal form');
        holds(protocol === 'https:' && username + password + hash === '', 'nothing else is in it');
        holds(isIP(hostname.replace(/^\[|\]$/g, '')) === 0, 'it names a host');
        holds(pathname.length > 1 && !/(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i.test(pathname), 'it has a path without dots');
      }),
      { numRuns: RUNS },
    );
    expect(accepted).toBeGreaterThan(RUNS / 100);
  },
  RUN_TIME_LIMIT_MILLISECONDS,
);

test(
  '[AS-67 §4.4] whatever the fields of an answer say, a document is used for a bounded time, and only JSON is one',
  () => {
    const directive = fc.oneof(
      fc.constantFrom(
        'max-age=60',
        'max-age=99999999999',
        'max-age=-1',
        'max-age="600"',
        'no-store',
        'public',
        's-maxage=9',
        ',',
      ),
      fc.string({ maxLength: 8 }),
    );
    const fields = fc.tuple(fc.array(directive, { maxLength: 4 }), fc.string());
    fc.assert(
      fc.property(fields, ([directives, type]) => {
        const seconds = lifetimeSeconds(directives.join(', '));
        holds(Number.isInteger(seconds), 'it is a number of seconds');
        holds(seconds >= LEAST_LIFETIME_SECONDS && seconds <= MOST_LIFETIME_SECONDS, 'it is within bounds');
        holds(!isDocumentType(type) || /^application\/([^;]+\+)?json/i.test(type), 'it is JSON');
      }),
      { numRuns: RUNS },
    );
  },
  RUN_TIME_LIMIT_MILLISECONDS,
);
