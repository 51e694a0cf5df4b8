import 'reflect-metadata';
import Koa, { type Context } from 'koa';
import { Controller, Ctx, Get, JsonController, Post } from 'routing-controllers';
import { Access, Authorized, createOAuth2, type RequestAccess, Throttle } from 'routing-controllers-oauth2';
import { authorizationServer } from 'routing-controllers-oauth2/authorization-server';
import { authenticateUser, users } from '../bookstore/users.js';
import { books } from './books.js';
import { answerMcp } from './mcp-answer.js';

const scopes = { 'books:read': 'See the books', 'books:write': 'Add books' };

@JsonController()
class BookController {
  @Get('/books')
  @Authorized('books:read')
  list(): readonly string[] {
    return books;
  }
}

/** The least that every tool needs is declared here; `tools.ts` says what a tool needs beyond that. */
@Controller()
@Throttle('user', 'client')
class McpController {
  @Post('/mcp')
  @Authorized('books:read')
  call(@Ctx() context: Context, @Access() access: RequestAccess): Promise<Context> {
    return answerMcp(context, access);
  }
}

const ofAgents = { scopes: [...Object.keys(scopes), 'offline_access'], allScopes: true };

/** An API of books for people's applications and for their agents, with the server at which both sign in. */
export function createApp(
  issuer: string,
  database: string,
  encryptionKeys: readonly string[],
  networks: string[] = [],
) {
  const oauth2 = createOAuth2({
    database,
    users,
    scopes,
    resource: issuer, // the audience that tokens must name
    throttling: { policies: { user: '120/m', client: '600/m' } },
    authorizationServer: authorizationServer({
      issuer,
      encryptionKeys,
      authenticate: async (username, password) => (await authenticateUser(username, password))?.id,
      ownerScopes: [], // people register no applications by hand
      // Agents name a document of theirs as their client identifier; older ones register.
      clientMetadataDocuments: { ...ofAgents, networks },
      dynamicRegistration: ofAgents,
    }),
  });
  return { oauth2, koa: oauth2.useKoaServer(new Koa(), { controllers: [BookController, McpController] }) };
}
