import { fromJsonSchema, McpServer, requireScopes } from '@modelcontextprotocol/server';
import type { Context } from 'koa';
import type { RequestAccess } from 'routing-controllers-oauth2';

declare const server: McpServer;
declare const answerMcp: (context: Context, access: RequestAccess) => Promise<Context>;
const BOOK = fromJsonSchema<{ title: string }>({ type: 'object', properties: { title: { type: 'string' } } });
