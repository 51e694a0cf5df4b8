import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
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

/** How long a document of these tests holds, and for how long it goes on where only the limits keep it from being read. */
const LIFETIME_SECONDS = 300;
const GRACE_SECONDS = 3_600;

describe('limits of metadata documents that are known', () => {
  const suite = useAuthorizationServer('SQLite + memory', {
    options: { throttling: { metadataDocuments: '3/m' }, clientMetadataDocuments: OPTIONS },
  });
  afterEach(() => {
    suite.clock.offsetSeconds = 0;
  });
  const visits = async (urls: readonly string[]): Promise<number[]> => {
    const statuses: number[] = [];
    for (const url of urls) statuses.push((await suite.ask(agentAt(url))).status);
    return statuses;
  };

  test('[AS-54 AS-67] reading them again counts by address, apart from new ones; beyond, they go on for an hour', async () => {
    const [first, last] = [Array.from({ length: 3 }, () => documents.document()), documents.document()];
    expect(await visits(first)).toEqual([200, 200, 200]);
    suite.clock.offsetSeconds = 61;
    expect(await visits([last])).toEqual([200]);
    suite.clock.offsetSeconds = 500;
    expect(await visits([...first, last])).toEqual([200, 200, 200, 200]);
    expect([...first, last].map((url) => documents.requestsOf(url))).toEqual([2, 2, 2, 1]);
    expect(await visits([documents.document()])).toEqual([200]);
    // Beyond the hour, which is the same wherever it begins or goes on something.
    suite.clock.offsetSeconds = 61 + LIFETIME_SECONDS + GRACE_SECONDS + 5;
    expect(await visits([...first, last])).toEqual([200, 200, 200, 429]);
    const refreshed = await suite.refresh(agentAt(last), 'x');
    expectError(refreshed, 429, 'throttled');
    suite.clock.offsetSeconds += 61;
    expect(await visits([last])).toEqual([200]);
    expect(documents.requestsOf(last)).toBe(2);
  });
});

describe('reads of metadata documents at a time', () => {
  const suite = useAuthorizationServer('SQLite + memory', {
    options: {
      throttling: { metadataDocuments: null, metadataDocumentsOfHost: null },
      clientMetadataDocuments: OPTIONS,
    },
  });
  afterEach(() => {
    suite.clock.offsetSeconds = 0;
  });

  /** Has documents read that never come; it is over when the server has given up. */
  async function occupy(urls: readonly string[]): Promise<{ readonly over: Promise<unknown> }> {
    const requested = urls.map((url) => new Promise<void>((resolve) => documents.change(url, () => resolve())));
    const over = Promise.all(
      urls.map((url) => suite.token({ grant_type: 'authorization_code', code: 'x', client_id: url })),
    );
    await Promise.all(requested);
    return { over };
  }

  test('[AS-54 AS-67] a silent host keeps four busy and no more; what else it has goes on for an hour, at /token for longer', async () => {
    const silent = Array.from({ length: 4 }, () => documents.document());
    const other = documents.document();
    for (const url of [...silent, other]) expect((await suite.ask(agentAt(url))).status).toBe(200);

    suite.clock.offsetSeconds = LIFETIME_SECONDS + 1;
    const before = await occupy(silent);
    const [goesOn, isNew] = [await suite.ask(agentAt(other)), await suite.ask(agentAt(documents.document()))];
    expect([goesOn.status, documents.requestsOf(other), isNew.status]).toEqual([200, 1, 200]);
    await before.over;

    suite.clock.offsetSeconds = LIFETIME_SECONDS + GRACE_SECONDS + 5;
    const after = await occupy(silent);
    expect((await suite.ask(agentAt(other))).status).toBe(503);
    // Where it only goes on, it has longer: what is refused is the token.
    expectError(await suite.refresh(agentAt(other), 'x'), 400, 'invalid_grant');
    await after.over;
    expect([(await suite.ask(agentAt(other))).status, documents.requestsOf(other)]).toEqual([200, 2]);
  }, 20_000);
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
