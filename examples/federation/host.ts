import 'reflect-metadata';
import Koa from 'koa';
import { CurrentUser, Get, JsonController, useContainer } from 'routing-controllers';
import { Authorized, createOAuth2 } from 'routing-controllers-oauth2';
import { authorizationServer } from 'routing-controllers-oauth2/authorization-server';
import { Container, Service } from 'typedi';
import { useSessions } from '../bookstore/sessions.js';
import { type Account, Accounts, type KnownAccount } from './accounts.js';
import { CALLBACK_PATH } from './attempts.js';
import { RelyingParty } from './relying-party.js';
import { sessionOf } from './session.js';
import { SignInController } from './sign-in-controller.js';

/** Accounts of people who were here before. Alice has followed a link in a mail of the host; Dave has not. */
const KNOWN: readonly KnownAccount[] = [
  { id: 'alice', name: 'Alice', active: true, email: 'alice@mail.example', isEmailVerified: true },
  { id: 'dave', name: 'Dave', active: true, email: 'dave@mail.example', isEmailVerified: false },
  { id: 'carol', name: 'Carol', active: false, email: 'carol@mail.example', isEmailVerified: true },
];

@Service()
@JsonController('/books')
class BookController {
  @Authorized('books:read')
  @Get()
  list(@CurrentUser() account: Account) {
    return { reader: account.name, books: ['Emma', 'Persuasion'] };
  }
}

/** What the host needs besides its own address. */
export interface HostSettings {
  readonly issuer: string;
  readonly database: string;
  readonly encryptionKeys: readonly string[];
  readonly provider: {
    readonly name: string;
    readonly issuer: string;
    readonly clientId: string;
    readonly clientSecret: string;
  };
}

/** The address to register at the other provider. */
export function redirectUriOf(issuer: string): string {
  return `${issuer}${CALLBACK_PATH}`;
}

/** A bookstore with an authorization server whose users sign in through another OpenID provider. */
export function createHost({ issuer, database, encryptionKeys, provider }: HostSettings) {
  const accounts: Accounts = new Accounts(() => oauth2.knex);
  const oauth2 = createOAuth2({
    database,
    users: accounts,
    scopes: { 'books:read': 'See the books' },
    authorizationServer: authorizationServer({
      issuer,
      encryptionKeys,
      login: {
        url: (uid, context, { reauthenticate }) =>
          `/login?${new URLSearchParams({
            next: uid === undefined ? context.url : `/oauth2/interaction/${uid}`,
            ...(reauthenticate && { again: 'yes' }),
          })}`,
        userId: (context) => sessionOf(context).userId,
        authenticatedAtMilliseconds: (context) => sessionOf(context).authenticatedAtMilliseconds,
      },
      ownerScopes: [], // people register no applications by hand
      username: (account) => (account as Account).name,
      texts: { frame: { siteName: 'Bookstore' } },
    }),
  });
  const relyingParty = new RelyingParty({ ...provider, redirectUri: redirectUriOf(issuer) });
  const signIn = new SignInController({ issuer, accounts, provider: relyingParty, providerName: provider.name });
  useContainer(Container);
  Container.set(SignInController, signIn);
  return {
    oauth2,
    async prepareDatabase(): Promise<void> {
      await oauth2.migrate();
      await accounts.createTables(KNOWN);
    },
    createApp(): Koa {
      const koa = new Koa();
      koa.use((context, next) => {
        context.cookies.secure = issuer.startsWith('https:');
        return next();
      });
      useSessions(koa, encryptionKeys);
      return oauth2.useKoaServer(koa, { controllers: [SignInController, BookController] });
    },
  };
}
