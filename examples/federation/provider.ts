import Koa from 'koa';
import { createOAuth2, type UserStore } from 'routing-controllers-oauth2';
import { authorizationServer } from 'routing-controllers-oauth2/authorization-server';
import { hashPassword, isPassword } from '../bookstore/passwords.js';

/** A user of the provider, who signs in with the user name as the password. */
interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly isEmailVerified: boolean;
}

/** Mallory has entered the address of somebody else, and has not verified it. */
const PEOPLE: readonly Person[] = [
  { id: 'alice', name: 'Alice Liddell', email: 'Alice@mail.example', isEmailVerified: true },
  { id: 'carol', name: 'Carol', email: 'carol@mail.example', isEmailVerified: true },
  { id: 'dave', name: 'Dave', email: 'dave@mail.example', isEmailVerified: true },
  { id: 'erin', name: 'Erin <&> Co', email: 'erin@mail.example', isEmailVerified: true },
  { id: 'mallory', name: 'Mallory', email: 'alice@mail.example', isEmailVerified: false },
];
const byId = new Map(PEOPLE.map((person) => [person.id, person]));
const passwords = new Map(PEOPLE.map(({ id }) => [id, hashPassword(id)]));
const users: UserStore<Person> = { findById: (id) => byId.get(id), isActive: () => true };

/** What the provider needs besides its own address. */
export interface ProviderSettings {
  readonly issuer: string;
  readonly database: string;
  readonly encryptionKeys: readonly string[];
}

/** An OpenID provider of somebody else, as far as the host knows. It is made with the same package. */
export function createProvider({ issuer, database, encryptionKeys }: ProviderSettings) {
  const oauth2 = createOAuth2({
    database,
    users,
    scopes: { profile: 'Your name', email: 'Your e-mail address' },
    authorizationServer: authorizationServer({
      issuer,
      encryptionKeys,
      authenticate: async (username, password) => {
        const stored = await (passwords.get(username) ?? passwords.get('alice'));
        const isRight = stored !== undefined && (await isPassword(password, stored));
        return isRight && byId.has(username) ? username : undefined;
      },
      ownerScopes: [],
      claims: (user) => {
        const { name, email, isEmailVerified } = user as Person;
        return { name, email, email_verified: isEmailVerified };
      },
      texts: { frame: { siteName: 'Another provider' } },
    }),
  });
  const server = oauth2.authorizationServer;
  if (server === undefined) throw new Error('It was configured above.');
  // Without controllers: those that are loaded here belong to the host.
  return { oauth2, createApp: (): Koa => new Koa().use(server.middleware()) };
}

/** Registers the host, as its operator would by hand. A host that is known gets a new secret. */
export async function registerHost({ oauth2 }: ReturnType<typeof createProvider>, redirectUri: string) {
  const clientId = 'bookstore';
  const { applications } = oauth2;
  if ((await applications.findByClientId(clientId)) === undefined) {
    const { clientSecret } = await applications.create({
      clientId,
      name: 'Bookstore',
      grantTypes: ['authorization_code'],
      redirectUris: [redirectUri],
    });
    return { clientId, clientSecret: clientSecret as string };
  }
  await applications.update(clientId, { redirectUris: [redirectUri] });
  return { clientId, clientSecret: (await applications.rotateSecret(clientId)) as string };
}
