import type { Context } from 'koa';
import { readQuery } from './form-body.js';
import type { Notice } from './page-models.js';
import { ENGLISH } from './texts.js';

/** What was just done, by `done` of the query. Anyone can write it there, so it is one of a closed set. */
export function noticeOf(context: Context): Notice | undefined {
  const done = readQuery(context).value('done');
  return Object.hasOwn(ENGLISH.notices, done) ? (done as Notice) : undefined;
}
