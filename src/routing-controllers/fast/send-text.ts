import { ServerResponse } from 'node:http';

/*
 * Replaces: `response.end(text)` of node:http, written for Node 20, 22 and 24. It hands the connection two pieces, the head with
 * the text and an empty one that tells of the end, as one vector. Must equal: what the caller receives, and what the response
 * tells of itself. Compared by: test/integration/routing-controllers/fast/send-text.test.ts.
 */

const { write, end } = ServerResponse.prototype;

/**
 * Sends a text as the whole body of a response whose length is set, in one piece.
 *
 * @param encoding `latin1` for a text that is ASCII alone, which needs no conversion
 */
export function sendText(response: ServerResponse, text: string, encoding: 'latin1' | 'utf8'): void {
  const { socket } = response;
  // Where something watches the response, or holds its pieces back, it gets the call that it expects.
  const isPlain = response.write === write && response.end === end;
  if (!isPlain || socket === null || socket.writableCorked > 0) {
    response.end(text, encoding);
    return;
  }
  // Without this, the response would hold it back until the next turn.
  socket.cork();
  try {
    response.write(text, encoding);
  } finally {
    socket.uncork();
  }
  response.end();
}
