import type { Context, Next } from 'koa';
import { ApiError } from '../api-error.js';

const DEEPEST = 8;

/** Refuses deeply nested bodies: class-transformer processes them recursively, and would overflow the stack. */
export function shallowBody(context: Context, next: Next): Promise<unknown> {
  let level: unknown[] = [(context.request as { body?: unknown }).body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) throw new ApiError(400, 'invalid_request', 'The body of the request is nested too deeply.');
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return next();
}
