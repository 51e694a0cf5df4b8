import { expect, test } from '@jest/globals';
import { TestServer } from '../../../src/testing/test-server.js';

test('the server of a test promises no end of an idle connection, so that no request of the test runs into it', async () => {
  const server = await TestServer.start();
  server.serve((_request, response) => void response.end('ok'));
  try {
    const answer = await fetch(server.url);
    expect([await answer.text(), answer.headers.get('connection'), answer.headers.get('keep-alive')]).toEqual([
      'ok',
      'keep-alive',
      null,
    ]);
  } finally {
    await server.close();
  }
});
