import type { ServerResponse } from 'node:http';

/**
 * Tells the status of a response once it was sent whole. A response whose connection was cut before is told of by
 * nobody: what it was charged stays charged, or hanging up would make an attempt free.
 */
export function settleWhenAnswered(response: ServerResponse, settle: (status: number) => void): void {
  // Cut while it was decided.
  if (response.destroyed) return;
  const finished = () => {
    response.removeListener('close', cut);
    settle(response.statusCode);
  };
  const cut = () => response.removeListener('finish', finished);
  response.once('finish', finished);
  response.once('close', cut);
}
