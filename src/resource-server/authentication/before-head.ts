import type { ServerResponse } from 'node:http';

/**
 * Runs a step when the head of a response is about to be written: the last word on its fields, after the action's own.
 * It costs a function for each response, so it is for what is rare.
 */
export function beforeHead(response: ServerResponse, step: () => void): void {
  const { writeHead } = response;
  response.writeHead = function writeHeadAfterStep(this: ServerResponse, ...parameters: unknown[]) {
    if (!this.headersSent) step();
    return (writeHead as (...parameters: unknown[]) => ServerResponse).apply(this, parameters);
  } as ServerResponse['writeHead'];
}
