// The type of users flows from `findById` into what takes a user, without anything registered.
import 'reflect-metadata';
import { Model } from 'objection';
import {
  CurrentUser,
  createOAuth2,
  databaseTokens,
  jwtTokens,
  type OAuth2Options,
  objectionUserStore,
  type Permission,
  type RequestAccess,
  type UserStore,
} from 'routing-controllers-oauth2';
import { authorizationServer } from 'routing-controllers-oauth2/authorization-server';
import { testOAuth2 } from 'routing-controllers-oauth2/testing';

class User {
  id = 5;
  name = 'Ann';
  active = true;
  isStaff = false;

  static async find(_id: string): Promise<User | null> {
    return new User();
  }
}

class Stranger {
  role = 'none';
}

const database = process.env.DATABASE_URL;
const server = { issuer: 'https://books.example.com', encryptionKeys: [process.env.OAUTH2_ENCRYPTION_KEY ?? ''] };
const users = {
  findById: (id: string) => User.find(id),
  isActive: (user: User) => user.active,
} satisfies UserStore<User>;

createOAuth2({
  database,
  users: {
    findById: (id) => User.find(id),
    isActive: (user) => user.active,
    idOf: (user) => String(user.id),
  },
  throttling: {
    policies: {
      uploads: { rate: '100/hour', cost: ({ user }) => (user?.isStaff ? 1 : 5) },
      exports: { rate: ({ user }) => (user?.isStaff ? null : '5/day'), subject: ({ user }) => user?.name },
    },
  },
});

createOAuth2({
  database,
  users: {
    findById: (id) => User.find(id),
    // @ts-expect-error: there is no `activ`
    isActive: (user) => user.activ,
  },
});

createOAuth2({
  database,
  users,
  // @ts-expect-error: there is no `isStuff`
  throttling: { policies: { uploads: { rate: '100/hour', cost: ({ user }) => (user?.isStuff ? 1 : 5) } } },
});

createOAuth2({
  database,
  users,
  authorizationServer: authorizationServer<User>({
    ...server,
    authenticate: async (username, password) => (username === password ? undefined : username),
    isStaff: (user) => user.isStaff,
    username: (user) => user.name,
    scopesOf: (user) => (user.isStaff ? ['books', 'admin'] : ['books']),
    mayGrant: (user, application) => user.isStaff || application.name !== 'Importer',
    claims: { of: (user) => ({ name: user.name }) },
  }),
});

authorizationServer<User>({
  ...server,
  // @ts-expect-error: there is no `isStuff`
  isStaff: (user) => user.isStuff,
});

authorizationServer<User>({
  ...server,
  // @ts-expect-error: there is no `nam`
  claims: (user) => ({ name: user.nam }),
});

// @ts-expect-error: the server's functions take other users than `users` finds
createOAuth2({ database, users, authorizationServer: authorizationServer<Stranger>(server) });

class Account extends Model {
  blocked = false;
}

createOAuth2({
  database,
  users: objectionUserStore(Account, { isActive: (account) => !account.blocked }),
  verifiers: [
    databaseTokens(),
    jwtTokens({ issuer: 'https://issuer.example', user: ({ subject }) => User.find(String(subject)) }),
  ],
  throttling: { policies: { uploads: { rate: '100/hour', cost: ({ user }) => (user?.blocked ? 5 : 1) } } },
});

// Options may be put into a constant first.
const options: OAuth2Options<User> = { database, users };
createOAuth2(options);
createOAuth2<User>({ database, users: { isActive: (user) => user.active, findById: (id) => User.find(id) } });
testOAuth2({ users: { findById: (id) => User.find(id), isActive: (user) => user.active } });

class IsStaff implements Permission {
  hasPermission({ user }: RequestAccess<User>): boolean {
    return user?.isStaff === true;
  }
}
void IsStaff;

// What is not registered is not checked.
export class ProfileController {
  show(@CurrentUser() user: User | undefined): string | undefined {
    return user?.name;
  }

  change(@CurrentUser({ required: true }) user: User): string {
    return user.name;
  }
}

export function notKnown({ user }: RequestAccess): unknown {
  // @ts-expect-error: without `Register` nothing is known of the user
  return user.name;
}
