import { afterAll, describe, expect, test } from '@jest/globals';
import type { TestClient } from '../../support/authorization-server.js';
import { type DocumentServer, startDocumentServer } from '../../support/document-server.js';
import { expectError, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

// The documents are there before the options of the servers that read them.
const documents: DocumentServer = await startDocumentServer();
afterAll(() => documents.close());
const OPTIONS = { scopes: ['read'], networks: ['loopback'], ca: documents.ca };
const agentAt = (url: string): TestClient => ({ clientId: url, clientSecret: '' });

describe('limits of metadata documents', () => {
  const suite = useAuthorizationServer('SQLite + memory', {
    options: {
      throttling: { metadataDocuments: '3/m', metadataDocumentsOfHost: '5/m' },
      clientMetadataDocuments: OPTIONS,
    },
  });

  test('[AS-54 AS-67] new documents count by address; known applications are not affected', async () => {
    const known = documents.document();
    expect((await suite.ask(agentAt(known))).status).toBe(200);
    const statuses: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      statuses.push((await suite.ask(agentAt(documents.document()))).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429]);
    const programs = await suite.post('/oauth2/par', { client_id: documents.document() });
    expectError(programs, 429, 'throttled');
    expect(Number(programs.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await suite.ask(agentAt(known))).status).toBe(200);
    suite.clock.offsetSeconds = 301;
    expect((await suite.ask(agentAt(known))).status).toBe(200);
    expect(documents.requestsOf(known)).toBe(2);
    suite.clock.offsetSeconds = 0;
  });
});

describe('limits of metadata documents by their host', () => {
  const suite = useAuthorizationServer('SQLite + memory', {
    options: {
      throttling: { metadataDocuments: null, metadataDocumentsOfHost: '2/m' },
      clientMetadataDocuments: OPTIONS,
    },
  });

  test('[AS-67] a host is asked for so many new documents, whoever names them', async () => {
    const statuses: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      statuses.push((await suite.ask(agentAt(documents.document()))).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
  });
});

describe('hosts of metadata documents', () => {
  const { host } = new URL(documents.origin);
  const listed = useAuthorizationServer('SQLite + memory', {
    options: { clientMetadataDocuments: { ...OPTIONS, hosts: [host] } },
  });
  const others = useAuthorizationServer('SQLite + memory', {
    options: { clientMetadataDocuments: { ...OPTIONS, hosts: ['localhost', `*.${host}`, 'agents.example.com'] } },
  });
  const outside = useAuthorizationServer('SQLite + memory', {
    options: { clientMetadataDocuments: { scopes: ['read'], ca: documents.ca } },
  });
  const off = useAuthorizationServer('SQLite + memory');

  test('[AS-67] only those that are listed are asked', async () => {
    const url = documents.document();
    const refused = await others.ask(agentAt(url));
    expect([refused.status, documents.requestsOf(url)]).toEqual([400, 0]);
    expect(refused.body).toContain('not accepted');
    expect((await listed.ask(agentAt(url))).status).toBe(200);
  });

  test('[AS-44 AS-67] nothing is read at an address that is not public, unless its network is named', async () => {
    const before = documents.connections();
    const visit = await outside.ask(agentAt(documents.document()));
    expect([visit.status, documents.connections()]).toEqual([400, before]);
    expect(visit.body).toContain('could not be read');
  });

  test('[AS-67] off by default: an application that a document has registered is then nobody', async () => {
    const url = documents.document();
    const { applications } = off.server.oauth2;
    await applications.create({
      ...{ name: 'An agent', clientId: url, clientType: 'public', registeredBy: 'document', scopes: ['read'] },
      ...FOR_USERS,
    });
    const visit = await off.ask(agentAt(url));
    expect([visit.status, documents.requestsOf(url)]).toEqual([400, 0]);
    expect(visit.body).toContain('invalid_client');
    const { body } = await off.send('/.well-known/oauth-authorization-server');
    expect(body.client_id_metadata_document_supported).toBeUndefined();
  });
});
