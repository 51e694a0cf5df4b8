import type { ServerResponse } from 'node:http';
import { beforeHead } from './before-head.js';

/**
 * Adds request fields to the `Vary` of a response, besides those that the application has set (RFC 9110 §12.5.5).
 *
 * @param fields as they stand in `Vary`, e.g. `Authorization, Cookie`
 */
export function addVary(response: ServerResponse, fields: string): void {
  // In lower case, as Node keeps names: it need not lower them for each request.
  const before = response.getHeader('vary');
  if (before === undefined) response.setHeader('Vary', fields);
  else if (before !== fields) response.setHeader('Vary', joinedVary(String(before), fields));
}

/** Combines two values of `Vary`: each field once, or `*` alone. */
export function joinedVary(before: string, added: string): string {
  const named = before.split(',').map((field) => field.trim());
  if (named.includes('*')) return '*';
  const known = new Set(named.map((field) => field.toLowerCase()));
  const missing = added.split(', ').filter((field) => !known.has(field.toLowerCase()));
  return [...named.filter((field) => field !== ''), ...missing].join(', ');
}

/** Keeps the present value of `Vary` in the response if the action sets one of its own later. */
export function keepVary(response: ServerResponse): void {
  const vary = response.getHeader('Vary');
  if (vary !== undefined) beforeHead(response, () => addVary(response, String(vary)));
}
