import 'reflect-metadata';
import { Authorized, Get, JsonController, Post, QueryParam } from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, type OAuth2, type OAuth2Options, Public } from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';

let current: OAuth2;

/** Hundreds of tokens that nobody knows come from one address. */
const UNLIMITED = { failedAuthentication: null };

/** What a host does with tokens, as actions. */
@Public()
@JsonController('/desk')
class Desk {
  @Post('/issue')
  async issue(@QueryParam('client') application: string) {
    return current.tokens.issue({ application, scope: 'read', user: 'alice' });
  }

  @Post('/revoke')
  async revoke(@QueryParam('token') token: string) {
    return { revoked: await current.tokens.revoke(token) };
  }

  @Post('/revoke-all')
  async revokeAll(@QueryParam('user') user: string) {
    return { revoked: await current.tokens.revokeAllOf({ user }) };
  }

  @Get('/inspect')
  async inspect(@QueryParam('token') token: string) {
    return { active: (await current.tokens.inspect(token)).active };
  }

  @Get('/models')
  async models() {
    return { count: await current.models.AccessToken.query().resultSize() };
  }
}

@JsonController('/books')
class Books {
  @Authorized('read')
  @Get()
  list() {
    return [];
  }

  @Public()
  @Get('/public')
  open() {
    return [];
  }
}

/** An application whose actions ask the database. */
export interface Site {
  readonly oauth2: OAuth2;
  readonly client: string;
  post(path: string): Promise<Response>;
  get(path: string, token?: string): Promise<Response>;
  token(): Promise<string>;
  close(): Promise<void>;
}

/** Serves it on a database that is there; `migrateOn` where the first contact is not to be the application's. */
export async function startSite(options: Partial<OAuth2Options> & Pick<OAuth2Options, 'database'>): Promise<Site> {
  const oauth2 = createOAuth2({
    logger: silentLogger,
    cache: { negativeMaxAgeSeconds: 0 },
    throttling: UNLIMITED,
    // Tokens that are made up are looked up, as those from before there were check characters.
    opaqueTokens: { unchecked: 'accept' },
    ...options,
  });
  const koa = oauth2.createKoaServer({ controllers: [Desk, Books] });
  koa.silent = true;
  const served: Served = await serve(koa);
  let client = '';
  try {
    await oauth2.migrate();
    client = (await oauth2.applications.create({ name: 'Demo', grantTypes: ['client_credentials'] })).application
      .clientId;
  } catch {
    // A database that is away from the beginning.
  }
  current = oauth2;
  return {
    oauth2,
    client,
    post: (path) => fetch(`${served.url}${path}`, { method: 'POST' }),
    get: (path, token) => fetch(`${served.url}${path}`, token === undefined ? {} : { headers: bearerHeader(token) }),
    token: async () => (await oauth2.tokens.issue({ application: client, scope: 'read', user: 'alice' })).access_token,
    async close() {
      await served.close();
      await oauth2.close();
    },
  };
}
