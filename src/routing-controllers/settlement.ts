import type { ServerResponse } from 'node:http';

/**
 * Reports the status of a response once it was sent. If the connection was cut before that, nothing is reported and the
 * charge stays; otherwise hanging up would make an attempt free.
 */
export function settleWhenAnswered(response: ServerResponse, settle: (status: number) => void): void {
  response.once('finish', () => {
    // HTTP/2 finishes a response as well when its stream is cut, with whatever status it has by then.
    if (response.writableEnded) settle(response.statusCode);
  });
}
