import 'reflect-metadata';
import { afterAll, beforeAll } from '@jest/globals';
import type Koa from 'koa';
import { Authorized, CurrentUser, Get, JsonController } from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import {
  Access,
  createOAuth2,
  IsAuthenticated,
  type OAuth2,
  type OAuth2Options,
  RequestAccess,
} from '../../../src/public/index.js';
import { databaseTokens } from '../../../src/resource-server/verifiers/database.js';
import { type JwtTokensOptions, jwtTokens } from '../../../src/resource-server/verifiers/jwt/index.js';
import { freshStack, type Issue, issuerOf, type Stack, type StackName } from '../bookstore.js';
import { type Served, serve } from '../http.js';
import { type JwtIssuer, startJwtIssuer, type TokenChange } from '../jwt-issuer.js';
import { call, type Reply } from './http.js';

export const API = 'https://api.example';

/** What an action sees of its caller. */
export interface Seen {
  readonly principal: string;
  readonly kind: string;
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly userId: string | null;
  readonly user: unknown;
  readonly clientId: string | null;
  readonly scopes: readonly string[];
}

@JsonController()
export class SeenController {
  /** Any token will do. */
  @Authorized()
  @Get('/seen')
  seen(@Access() access: RequestAccess, @CurrentUser() user?: unknown): Seen & Record<string, unknown> {
    const { token, principal } = access;
    return {
      principal: String(principal),
      kind: principal.kind,
      issuer: principal.issuer ?? null,
      subject: token?.subject ?? null,
      userId: access.userId ?? null,
      user: user ?? null,
      clientId: token?.clientId ?? null,
      scopes: access.scopes,
      acr: token?.acr,
      amr: token?.amr,
      authenticatedAtMilliseconds: token?.authenticatedAtMilliseconds,
      claims: token?.claims,
      expiresAtMilliseconds: token?.expiresAtMilliseconds,
    };
  }

  @Authorized('read')
  @Get('/read')
  read() {
    return { ok: true };
  }

  @Authorized(IsAuthenticated)
  @Get('/user')
  user() {
    return { ok: true };
  }
}

/** An application that accepts the JWTs of an issuer beside its own tokens. */
export interface JwtApplication {
  readonly url: string;
  readonly issuer: JwtIssuer;
  readonly oauth2: OAuth2;
  /** Issues opaque tokens of the application's own. */
  readonly issue: Issue;
  /** Presents a token. */
  get(token: string, path?: string): Promise<Reply>;
  /** Presents a good token with a change. */
  present(change?: TokenChange, path?: string): Promise<Reply>;
}

export interface JwtApplicationOptions {
  readonly jwt?: Partial<JwtTokensOptions>;
  readonly oauth2?: Partial<OAuth2Options>;
  /** Prepares the issuer before the application starts. */
  readonly prepare?: (issuer: JwtIssuer) => void | Promise<void>;
}

export interface StartedJwtApplication extends JwtApplication {
  close(): Promise<void>;
}

/** Starts one, with an issuer of its own. */
export async function startJwtApplication(
  name: StackName,
  { jwt, oauth2: options, prepare }: JwtApplicationOptions = {},
): Promise<StartedJwtApplication> {
  const stack: Stack = await freshStack(name);
  const issuer = await startJwtIssuer(API);
  await prepare?.(issuer);
  const oauth2 = createOAuth2({
    users: {
      findById: (id) => (id === '5' ? { id: '5', name: 'user 5 of the host' } : undefined),
      isActive: (user) => (user as { readonly disabled?: boolean }).disabled !== true,
    },
    logger: silentLogger,
    throttling: { failedAuthentication: null },
    resource: API,
    ...options,
    verifiers: [jwtTokens({ issuer: issuer.url, allowHttpOnLoopback: true, ...jwt }), databaseTokens()],
    database: stack.databaseUrl,
    redis: stack.redisUrl,
    keyPrefix: stack.keyPrefix,
  });
  await oauth2.migrate();
  const koa: Koa = oauth2.createKoaServer({ controllers: [SeenController] });
  koa.silent = true;
  const served: Served = await serve(koa);
  const get = (token: string, path = '/seen') => call(`${served.url}${path}`, { token });
  return {
    url: served.url,
    issuer,
    oauth2,
    issue: issuerOf(() => oauth2),
    get,
    present: async (change, path) => get(await issuer.token(change), path),
    async close() {
      await served.close();
      await oauth2.close();
      await issuer.close();
      await stack.drop();
    },
  };
}

/** The same while the tests of the surrounding `describe` run. */
export function useJwtApplication(name: StackName, options: JwtApplicationOptions = {}): JwtApplication {
  let started: StartedJwtApplication | undefined;
  const running = (): StartedJwtApplication => {
    if (started === undefined) throw new Error('The application runs only while tests do.');
    return started;
  };
  beforeAll(async () => {
    started = await startJwtApplication(name, options);
  }, 60_000);
  afterAll(() => started?.close(), 60_000);
  return {
    get url() {
      return running().url;
    },
    get issuer() {
      return running().issuer;
    },
    get oauth2() {
      return running().oauth2;
    },
    issue: (...values) => running().issue(...values),
    get: (...values) => running().get(...values),
    present: (...values) => running().present(...values),
  };
}
