import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { authorization } from '../../support/authorization.js';
import { answering, type DocumentServer, startDocumentServer } from '../../support/document-server.js';
import { documentTexts } from '../../support/document-texts.js';
import { useAuthorizationServer } from '../../support/spec/authorization-server.js';

const documents: DocumentServer = await startDocumentServer();
afterAll(() => documents.close());
const suite = useAuthorizationServer('SQLite + memory', {
  options: {
    throttling: { authorize: null, metadataDocuments: null, metadataDocumentsOfHost: null },
    clientMetadataDocuments: { scopes: ['read'], networks: ['loopback'], ca: documents.ca },
  },
});

const CASES = 300;

test('[AS-67 §4] whatever a host answers with, a request is taken or refused with a documented code, and what is stored is bounded', async () => {
  const seen = { taken: 0, refused: 0 };
  for (let number = 0; number < CASES; number += 1) {
    const url = documents.serve(() => {});
    const [text = ''] = fc.sample(documentTexts(url), { numRuns: 1, seed: number });
    // What cannot be parsed takes as long as everything that cannot be read.
    documents.change(url, answering(isJson(text) ? text : '[]', { 'cache-control': `max-age=${number}e9` }));
    const client = { clientId: url, clientSecret: '' };
    const { query } = authorization(client, { redirect_uri: 'https://app.example.com/cb' });
    const answer = await suite.post('/oauth2/par', Object.fromEntries(query));
    expect([201, 400, 401]).toContain(answer.status);
    seen[answer.status === 201 ? 'taken' : 'refused'] += 1;
    const stored = await suite.server.oauth2.applications.findByClientId(url);
    if (stored === undefined) {
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_client']);
      continue;
    }
    expect(stored).toMatchObject({ registeredBy: 'document', skipAuthorization: false, mayIntrospect: false });
    expect(['', 'read']).toContain(stored.scope);
    expect(stored.grantTypes).not.toContain('client_credentials');
  }
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(CASES / 20);
}, 120_000);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
