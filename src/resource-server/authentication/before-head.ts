import type { ServerResponse } from 'node:http';

/**
 * Runs a step just before the head of a response is written, after the action has set its fields. It costs a function
 * per response, so it is for rare cases.
 */
export function beforeHead(response: ServerResponse, step: () => void): void {
  const { writeHead } = response;
  response.writeHead = function writeHeadAfterStep(this: ServerResponse, ...parameters: unknown[]) {
    if (!this.headersSent) step();
    return (writeHead as (...parameters: unknown[]) => ServerResponse).apply(this, parameters);
  } as ServerResponse['writeHead'];
}
