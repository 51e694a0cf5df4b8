// `Register` says once, for all modules, what a user is.
import 'reflect-metadata';
import {
  CurrentUser,
  createOAuth2,
  type ForeignUser,
  type Permission,
  type RequestAccess,
  type UserStore,
} from 'routing-controllers-oauth2';
import { authorizationServer } from 'routing-controllers-oauth2/authorization-server';

class User {
  id = 5;
  name = 'Ann';
  isStaff = false;
}

declare module 'routing-controllers-oauth2' {
  interface Register {
    user: User;
  }
}

const database = process.env.DATABASE_URL;
const users: UserStore<User> = { findById: async () => undefined, isActive: (user) => user.isStaff };
const server = { issuer: 'https://books.example.com', encryptionKeys: [process.env.OAUTH2_ENCRYPTION_KEY ?? ''] };

createOAuth2({
  database,
  authorizationServer: authorizationServer({
    ...server,
    isStaff: (user) => user.isStaff,
    username: (user) => user.name,
    claims: (user) => ({ name: user.name }),
  }),
  throttling: { policies: { uploads: { rate: '100/hour', cost: ({ user }) => (user?.isStaff ? 1 : 5) } } },
  users: { isActive: (user) => user.isStaff, findById: (id) => (id === '5' ? new User() : null) },
});

createOAuth2({
  database,
  users,
  // @ts-expect-error: there is no `isStuff`
  authorizationServer: authorizationServer({ ...server, isStaff: (user) => user.isStuff }),
});

// @ts-expect-error: these are other users than the registered ones
createOAuth2({ database, users: { findById: async () => ({ role: 'none' }), isActive: () => true } });

export class IsStaff implements Permission {
  hasPermission({ user }: RequestAccess): boolean {
    return user?.isStaff === true;
  }
}

export function misspelt({ user }: RequestAccess): unknown {
  // @ts-expect-error: there is no `isStuff`
  return user?.isStuff;
}

export class ProfileController {
  private readonly greeting = 'Hello';

  one(@CurrentUser() user: User | undefined): string | undefined {
    return user?.name;
  }

  two(@CurrentUser() user?: User): string | undefined {
    return user?.name;
  }

  three(_id: string, @CurrentUser({ required: true }) user: User): string {
    return `${this.greeting} ${user.name}`;
  }

  four(@CurrentUser() user: unknown, @CurrentUser() other: User | ForeignUser | undefined): unknown[] {
    return [user, other];
  }

  // @ts-expect-error: an application alone has no user
  five(@CurrentUser() user: User): string {
    return user.name;
  }

  // @ts-expect-error: it is another type
  six(@CurrentUser({ required: true }) user: Date): Date {
    return user;
  }

  // @ts-expect-error: it is the second parameter that has another type
  seven(@CurrentUser() user: User | undefined, @CurrentUser() other: number | undefined): unknown[] {
    return [user, other];
  }
}
