import type { ServerResponse } from 'node:http';

/**
 * Reports the status of a response once it was sent. If the connection was cut before that, nothing is reported and the
 * charge stays; otherwise hanging up would make an attempt free.
 */
export function settleWhenAnswered(response: ServerResponse, settle: (status: number) => void): void {
  response.once('finish', () => {
    // A response may finish as well if its connection or its stream was cut: HTTP/2 finishes one that was not ended, with
    // whatever status it has by then, and one that is ended after the cut; so does HTTP/1.1 if nothing waits to be written.
    if (response.writableEnded && response.headersSent && !response.destroyed) settle(response.statusCode);
  });
}
