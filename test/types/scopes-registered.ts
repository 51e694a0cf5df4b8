// `Register` says once, for all modules, which scopes there are.
import 'reflect-metadata';
import { Delete, Get, JsonController, Authorized as PlainAuthorized, Post } from 'routing-controllers';
import {
  Authorized,
  allOf,
  anyOf,
  authenticationContext,
  createOAuth2,
  type GuardedAction,
  hasScopes,
  InsufficientScopeError,
  IsAuthenticated,
  not,
  type Permission,
  type RequestAccess,
  RequiredScopes,
  type ScopeName,
  TokenHasReadWriteScope,
  TokenHasResourceScope,
  TokenHasScope,
  TokenMatchesOASRequirements,
  type TokenService,
  type VerifiedToken,
} from 'routing-controllers-oauth2';
import { authorizationServer } from 'routing-controllers-oauth2/authorization-server';
import { fakeAccess, fakeAction, type TestApplication } from 'routing-controllers-oauth2/testing';

const scopes = { 'books:read': 'See books', 'books:write': 'Change books', admin: 'Everything' } as const;

declare module 'routing-controllers-oauth2' {
  interface Register {
    scopes: typeof scopes;
  }
}

@Authorized('books:read')
@JsonController('/good')
export class Good {
  @Authorized()
  @Get('/a')
  a(): void {}

  @Authorized(['books:read', 'admin'])
  @Get('/b')
  b(): void {}

  @Authorized([['books:read'], ['books:write', 'admin']])
  @Get('/c')
  c(): void {}

  @Authorized(['admin', ['books:read'], ['books:write'], IsAuthenticated, new TokenHasReadWriteScope()])
  @Get('/d')
  d(): void {}

  @Authorized(allOf(IsAuthenticated, anyOf('books:read', not('admin')), authenticationContext({ maxAgeSeconds: 60 })))
  @Get('/e')
  e(): void {}

  @RequiredScopes('books:read', ['books:write', 'openid'])
  @Post('/f')
  f(): void {}

  @Authorized(TokenHasResourceScope)
  @RequiredScopes('books')
  @Post('/g')
  g(): void {}

  // The decorator of routing-controllers goes on to work, and takes anything.
  @PlainAuthorized(['books:raed'])
  @Delete('/h')
  h(): void {}
}

export class Bad {
  // @ts-expect-error: misspelt
  @Authorized('books:raed')
  a(): void {}

  // @ts-expect-error: misspelt in a list
  @Authorized(['books:read', 'amdin'])
  b(): void {}

  // @ts-expect-error: misspelt in an alternative
  @Authorized([['books:read'], ['books:write', 'amdin']])
  c(): void {}

  // @ts-expect-error: two scopes in one text
  @Authorized('books:read books:write')
  d(): void {}

  // @ts-expect-error: misspelt in a composition
  @Authorized(allOf(IsAuthenticated, 'amdin'))
  e(): void {}

  // @ts-expect-error: misspelt, deep inside
  @Authorized(allOf(IsAuthenticated, anyOf('books:read', not('amdin'))))
  f(): void {}

  // @ts-expect-error: misspelt
  @RequiredScopes('books:raed')
  g(): void {}

  // @ts-expect-error: misspelt in a list
  @RequiredScopes(['books:read', 'amdin'])
  h(): void {}

  // @ts-expect-error: a class that is no permission
  @Authorized(Date)
  i(): void {}

  // @ts-expect-error: no resource has this name
  @RequiredScopes('boks')
  j(): void {}
}

export class Owned extends TokenHasScope {
  override readonly requiredScopes = ['books:read'] as const;

  override getScopes(access: RequestAccess, action: GuardedAction): ScopeName[] {
    const needed = super.getScopes(access, action);
    if (access.query.all !== undefined) needed.push('admin');
    // @ts-expect-error: misspelt
    needed.push('amdin');
    return needed;
  }
}

export class Misspelt extends TokenHasScope {
  // @ts-expect-error: misspelt
  override readonly requiredScopes = ['books:raed'] as const;
}

export const requirements = [
  new TokenMatchesOASRequirements({ GET: [['books:read']], POST: [['books:write'], ['admin']] }),
  // @ts-expect-error: misspelt
  new TokenMatchesOASRequirements({ GET: [['books:raed']] }),
  new TokenHasResourceScope({ books: ['books:read'] }),
  // @ts-expect-error: misspelt
  new TokenHasResourceScope({ books: ['books:raed'] }),
];

export class Staff implements Permission {
  hasPermission(access: RequestAccess): boolean {
    return access.hasScopes(['admin']);
  }

  hasObjectPermission(access: RequestAccess): boolean {
    // @ts-expect-error: misspelt
    return access.hasScopes(['amdin']);
  }
}

export function ofToken(token: VerifiedToken, access: RequestAccess): boolean[] {
  // @ts-expect-error: a text is no list of scopes
  access.hasScopes('admin');
  // @ts-expect-error: misspelt
  hasScopes(access, ['amdin']);
  return [
    token.hasScopes('books:read', 'admin'),
    // @ts-expect-error: misspelt
    token.hasScopes('books:read', 'amdin'),
    hasScopes(token, ['admin', 'openid']),
    // @ts-expect-error: misspelt
    hasScopes(token, ['amdin']),
  ];
}

export async function issue(tokens: TokenService, t: TestApplication): Promise<void> {
  await tokens.issue({ application: 'shop', scope: 'books:read' });
  await tokens.issue({ application: 'shop', user: 5, scope: ['books:read', 'openid'] });
  // @ts-expect-error: misspelt
  await tokens.issue({ application: 'shop', scope: 'books:raed' });
  // @ts-expect-error: misspelt in a list
  await tokens.issue({ application: 'shop', scope: ['books:raed'] });
  // @ts-expect-error: two scopes in one text
  await tokens.issue({ application: 'shop', scope: 'books:read admin' });
  await t.as('ann', ['books:read']);
  // @ts-expect-error: misspelt
  await t.as('ann', ['books:raed']);
  fakeAccess({ user: 'ann', scopes: ['books:read'], action: fakeAction({ requiredScopes: ['admin'] }) });
  // @ts-expect-error: misspelt
  fakeAccess({ user: 'ann', scopes: ['books:raed'] });
  throw new InsufficientScopeError({ requiredScopes: ['books:read'] });
}

export function refuse(): never {
  // @ts-expect-error: misspelt
  throw new InsufficientScopeError({ requiredScopes: ['books:raed'] });
}

const database = process.env.DATABASE_URL;
const server = { issuer: 'https://books.example.com', encryptionKeys: [process.env.OAUTH2_ENCRYPTION_KEY ?? ''] };
createOAuth2({
  database,
  scopes,
  defaultRequirement: 'books:read',
  authorizationServer: authorizationServer({
    ...server,
    defaultScopes: ['books:read'],
    ownerScopes: ['openid', 'books:read'],
    scopesOf: () => ['books:read'],
    mayGrant: (_user, _application, asked) => asked.filter((scope) => scope !== 'admin'),
  }),
});
// @ts-expect-error: a description is missing
createOAuth2({ database, scopes: { 'books:read': 'See books' } });
// @ts-expect-error: misspelt
createOAuth2({ database, scopes, defaultRequirement: 'books:raed' });
// @ts-expect-error: misspelt
authorizationServer({ ...server, defaultScopes: ['books:raed'] });
// @ts-expect-error: misspelt
authorizationServer({ ...server, scopesOf: () => ['books:raed'] });
