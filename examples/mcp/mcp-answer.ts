import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { type AuthInfo, originValidationResponse } from '@modelcontextprotocol/server';
import type { Context } from 'koa';
import type { RequestAccess } from 'routing-controllers-oauth2';
import { tools } from './tools.js';

/** Has the MCP server answer a request that the guard has let in. */
export async function answerMcp(context: Context, access: RequestAccess): Promise<Context> {
  const { method, href, headers } = context;
  const request = new Request(href, { method, headers: headers as Record<string, string> });
  const { body: parsedBody } = context.request as { body?: unknown };
  const answer =
    originValidationResponse(request, [context.hostname]) ??
    (await tools.fetch(request, { parsedBody, authInfo: authInfoOf(access) }));
  context.status = answer.status;
  context.set(Object.fromEntries(answer.headers));
  context.body = answer.body === null ? null : Readable.fromWeb(answer.body as ReadableStream);
  // A status that was set before a body of `null` is kept.
  context.status = answer.status;
  return context;
}

/** What tools learn of the caller. They get no token: an MCP server must not pass one on. */
function authInfoOf({ token, userId }: RequestAccess): AuthInfo {
  if (token === undefined) throw new Error('The guard lets only tokens in.');
  return {
    token: token.key,
    clientId: token.clientId ?? '',
    scopes: [...token.scopes],
    expiresAt: Math.floor(token.expiresAtMilliseconds / 1000),
    // Where a challenge of a tool says that the metadata are (RFC 9728).
    resource: new URL(token.audience?.[0] ?? ''),
    extra: { userId },
  };
}
