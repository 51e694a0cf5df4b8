import { randomUUID } from 'node:crypto';
import type { UserStore } from 'routing-controllers-oauth2';
import { hashPassword, isPassword, type PasswordHash } from './passwords.js';

/** A user of the bookstore. The package knows only the id. */
export interface User {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly isStaff: boolean;
  readonly isActive: boolean;
}

const USERS: readonly (User & { readonly password: string })[] = [
  { ...user('alice'), isStaff: true, password: 'wonderland' },
  { ...user('bob'), password: 'builder' },
  { ...user('carol'), isActive: false, password: 'carol' },
];

const byId = new Map(USERS.map(({ password: _password, ...known }) => [known.id, known]));

/** The user store that the package uses. */
export const users: UserStore<User> = {
  findById: (id) => byId.get(id),
  isActive: (known) => known.isActive,
};

/**
 * The user with this name and password who may sign in. An unknown name, a disabled user and a wrong password need the
 * same work, so that the time of a refusal does not distinguish them.
 */
export async function authenticateUser(username: string, password: string): Promise<User | undefined> {
  hashes ??= hashAll();
  const { known, decoy } = await hashes;
  const isRight = await isPassword(password, known.get(username) ?? decoy);
  const found = byId.get(username);
  return isRight && found?.isActive ? found : undefined;
}

interface Hashes {
  readonly known: ReadonlyMap<string, PasswordHash>;
  /** Compared for unknown names, so that they take as long; no user has this password. */
  readonly decoy: PasswordHash;
}

let hashes: Promise<Hashes> | undefined;

async function hashAll(): Promise<Hashes> {
  const [decoy, ...known] = await Promise.all([
    hashPassword(randomUUID()),
    ...USERS.map(async ({ id, password }) => [id, await hashPassword(password)] as const),
  ]);
  return { decoy, known: new Map(known) };
}

function user(name: string): User {
  return { id: name, username: name, email: `${name}@bookstore.example`, isStaff: false, isActive: true };
}
