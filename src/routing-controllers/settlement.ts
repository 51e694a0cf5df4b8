import type { ServerResponse } from 'node:http';

/**
 * Reports the status of a response once it was sent completely. If the connection was cut before that, nothing is
 * reported and the charge stays; otherwise hanging up would make an attempt free.
 */
export function settleWhenAnswered(response: ServerResponse, settle: (status: number) => void): void {
  // The connection was cut during the decision.
  if (response.destroyed) return;
  const finished = () => {
    response.removeListener('close', cut);
    settle(response.statusCode);
  };
  const cut = () => response.removeListener('finish', finished);
  response.once('finish', finished);
  response.once('close', cut);
}
