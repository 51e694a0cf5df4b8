import { parseScope } from '../../core/scopes.js';
import { orUnavailable } from '../database-errors.js';
import { requireUserId } from '../ids.js';
import type { Application } from '../models/application.js';
import { isClientId } from '../models/new-application.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import type { StoredToken } from '../models/stored-token.js';
import { readable, readablePage } from '../readable-rows.js';
import { isExactly } from './exact-text.js';
import { checkedPage, type Page } from './page.js';

/** Which of the two kinds of stored token. */
export type StoredTokenKind = 'access' | 'refresh';

/** The search criteria, all of which must match. */
export interface TokenFilter {
  /** Exactly the client identifier of its application. */
  readonly clientId?: string;
  /** Exactly the id of the user whom it acts for. */
  readonly userId?: string;
  /** The first 4 to 64 hexadecimal digits of the token's SHA-256. Never the token. */
  readonly hashPrefix?: string;
  /** Left out: both kinds. */
  readonly kind?: StoredTokenKind;
}

/** A stored token as staff may see it, without the token itself. */
export interface FoundToken {
  /** Whether it is an access token or a refresh token. */
  readonly kind: StoredTokenKind;
  /** The row's id. */
  readonly id: number;
  /** SHA-256 of the token, in hexadecimal. */
  readonly hash: string;
  /** The client identifier of its application; `null`: the application was deleted. */
  readonly clientId: string | null;
  /** The name of its application; `null`: the application was deleted. */
  readonly applicationName: string | null;
  /** The id of its user; `null`: none. */
  readonly userId: string | null;
  /** Its scopes. */
  readonly scopes: readonly string[];
  /** When it was issued, in milliseconds since the Unix epoch. */
  readonly createdAtMilliseconds: number;
  /** When it expires, in milliseconds since the Unix epoch. */
  readonly expiresAtMilliseconds: number;
  /** When it was revoked, in milliseconds since the Unix epoch; `null`: it was not. */
  readonly revokedAtMilliseconds: number | null;
}

/** Where a page of tokens begins: for each kind, only tokens older than the row with this id. */
export type TokenCursor = Readonly<Partial<Record<StoredTokenKind, number>>>;

/** A page of a list of tokens, newest first. */
export interface TokenPage extends Pick<Page, 'limit'> {
  /** The result of `cursorAfter` for the previous page. */
  readonly before?: TokenCursor;
}

/**
 * Where the page after this one begins.
 *
 * @param before where this one began
 */
export function cursorAfter(page: readonly FoundToken[], before: TokenCursor = {}): TokenCursor {
  return { ...before, ...Object.fromEntries(page.map(({ kind, id }) => [kind, id])) };
}

/** Fewer digits would match a large part of the table. */
const HASH_PREFIX = /^[0-9a-f]{4,64}$/i;

/** Whether a string can be searched for as the beginning of a digest. */
export function isHashPrefix(text: string): boolean {
  return HASH_PREFIX.test(text);
}

type TokenModel = typeof StoredToken & (new () => StoredToken);

/**
 * Finds tokens for staff, whatever their state. Rejects with `TemporarilyUnavailableError` if the database is
 * unavailable.
 */
export class TokenSearch {
  constructor(private readonly models: OAuth2Models) {}

  /**
   * The tokens that the filter finds, newest first. Of one kind the order is that of the ids, so that pages neither skip
   * nor repeat a token where clocks went back; the two kinds are merged by their times.
   *
   * @throws TypeError if the filter is empty, or if a part of it or of the page cannot be one
   */
  async search(filter: TokenFilter, { limit: wanted, before = {} }: TokenPage = {}): Promise<FoundToken[]> {
    const { limit } = checkedPage({ limit: wanted });
    for (const beforeId of Object.values(before)) checkedPage({ beforeId });
    const { clientId, userId, hashPrefix, kind } = filter;
    if (clientId === undefined && userId === undefined && hashPrefix === undefined) {
      throw new TypeError('Neither clientId nor userId nor hashPrefix is given; give at least one.');
    }
    if (userId !== undefined) requireUserId(userId);
    const digests = hashPrefix === undefined ? undefined : digestRange(hashPrefix);
    return orUnavailable(async () => {
      const application = clientId === undefined ? undefined : await this.application(clientId);
      if (clientId !== undefined && application === undefined) return [];
      const conditions = { applicationId: application?.id, userId, digests, limit };
      const page = (one: StoredTokenKind) => this.page(one, { ...conditions, beforeId: before[one] });
      if (kind !== undefined) return page(kind);
      return merged(...(await Promise.all([page('access'), page('refresh')]))).slice(0, limit);
    });
  }

  /** The token in a row. */
  find(kind: StoredTokenKind, id: number): Promise<FoundToken | undefined> {
    if (!Number.isSafeInteger(id)) return Promise.resolve(undefined);
    return orUnavailable(async () => {
      const token = readable(await this.model(kind).query().findById(id).withGraphFetched('application'));
      return token === undefined ? undefined : found(kind, token);
    });
  }

  private async page(
    kind: StoredTokenKind,
    wanted: {
      readonly applicationId: number | undefined;
      readonly userId: string | undefined;
      readonly digests: [Buffer, Buffer] | undefined;
      readonly limit: number;
      readonly beforeId: number | undefined;
    },
  ): Promise<FoundToken[]> {
    const { applicationId, userId, digests } = wanted;
    const tokens = await readablePage(wanted, ({ limit, beforeId }) => {
      const query = this.model(kind).query().orderBy('id', 'desc').limit(limit);
      if (beforeId !== undefined) query.where('id', '<', beforeId);
      if (applicationId !== undefined) query.where('application_id', applicationId);
      if (userId !== undefined) query.modify(isExactly, 'user_id', userId);
      if (digests !== undefined) query.whereBetween('token_hash', digests);
      return query.withGraphFetched('application');
    });
    return tokens.map((token) => found(kind, token));
  }

  private async application(clientId: string): Promise<Application | undefined> {
    if (!isClientId(clientId)) return undefined;
    const application = await this.models.Application.query().findOne('client_id', clientId);
    return application?.clientId === clientId ? application : undefined;
  }

  private model(kind: StoredTokenKind): TokenModel {
    const { AccessToken, RefreshToken } = this.models;
    return (kind === 'access' ? AccessToken : RefreshToken) as unknown as TokenModel;
  }
}

/**
 * From the smallest to the largest digest with this beginning: a range of the index, where a pattern would need a scan.
 */
function digestRange(prefix: string): [Buffer, Buffer] {
  if (!isHashPrefix(prefix)) {
    throw new TypeError('hashPrefix is not the beginning of a SHA-256 digest; use 4 to 64 hexadecimal digits.');
  }
  return [Buffer.from(prefix.padEnd(64, '0'), 'hex'), Buffer.from(prefix.padEnd(64, 'f'), 'hex')];
}

/** Merges two lists, each in its own order, by time, newest first. */
function merged(left: readonly FoundToken[], right: readonly FoundToken[]): FoundToken[] {
  const all: FoundToken[] = [];
  let [leftCount, rightCount] = [0, 0];
  for (;;) {
    const [one, other] = [left[leftCount], right[rightCount]];
    if (one === undefined || other === undefined) {
      return [...all, ...left.slice(leftCount), ...right.slice(rightCount)];
    }
    if (one.createdAtMilliseconds >= other.createdAtMilliseconds) {
      all.push(one);
      leftCount += 1;
    } else {
      all.push(other);
      rightCount += 1;
    }
  }
}

function found(kind: StoredTokenKind, token: StoredToken): FoundToken {
  return {
    kind,
    id: token.id,
    hash: Buffer.from(token.tokenHash).toString('hex'),
    clientId: textOf(token.application?.clientId),
    applicationName: textOf(token.application?.name),
    userId: token.userId,
    scopes: parseScope(token.scope),
    createdAtMilliseconds: token.createdAtMilliseconds,
    expiresAtMilliseconds: token.expiresAtMilliseconds,
    revokedAtMilliseconds: token.revokedAtMilliseconds,
  };
}

/** Of an application only this is shown, so its row need not be understood otherwise. */
function textOf(column: unknown): string | null {
  return typeof column === 'string' ? column : null;
}
