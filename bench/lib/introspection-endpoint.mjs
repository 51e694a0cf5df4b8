/** An introspection endpoint that finds every token good, in a thread of its own; says its port. */
import { createServer } from 'node:http';
import { parentPort } from 'node:worker_threads';

const server = createServer((request, response) => {
  request.resume();
  const now = Math.floor(Date.now() / 1000);
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({
      active: true,
      client_id: 'bench',
      scope: 'api',
      token_type: 'Bearer',
      iat: now,
      exp: now + 36_000,
    }),
  );
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
