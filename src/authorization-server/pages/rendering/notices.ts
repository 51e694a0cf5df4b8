import type { Context } from 'koa';
import { readQuery } from '../forms/form-body.js';
import { ENGLISH } from './english.js';
import type { Notice } from './page-parts.js';

/** The notice about what was just done, from `done` in the query. Anyone can set it, so only known values are used. */
export function noticeOf(context: Context): Notice | undefined {
  const done = readQuery(context).value('done');
  return Object.hasOwn(ENGLISH.notices, done) ? (done as Notice) : undefined;
}
