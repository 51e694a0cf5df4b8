/**
 * What an application tells the types of this package, once, by declaration merging. It is empty here; without it scopes are
 * any strings, and users are `unknown`.
 *
 * ```ts
 * const scopes = { 'books:read': 'See books', 'books:write': 'Change books' } as const;
 *
 * declare module 'routing-controllers-oauth2' {
 *   interface Register {
 *     scopes: typeof scopes; // or a list of names
 *     user: User; // what `users.findById` finds; `User | ForeignUser` where tokens of other issuers are accepted
 *   }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be extended by applications
export interface Register {}

type Names<Table> = Table extends readonly (infer Name extends string)[] ? Name : Extract<keyof Table, string>;

/** The scopes of the option `scopes`: those of `Register`, otherwise any string. */
export type DescribedScopeName = Register extends Readonly<Record<'scopes', infer Table>> ? Names<Table> : string;

/** The scopes that OpenID Connect defines, which need no description. */
export type IdentityScope = 'openid' | 'offline_access';

/** The name of a scope: one of `Register`, `openid` or `offline_access`; without `Register` any string. */
export type ScopeName = string extends DescribedScopeName ? string : DescribedScopeName | IdentityScope;

/** The resources of scopes: `music` of `music:read`, which `TokenHasResourceScope` completes. */
export type ResourceOf<Scope extends string> = Scope extends `${infer Resource}:${string}` ? Resource : never;

/** The host's user: `user` of `Register`, otherwise `unknown`. */
export type RegisteredUser = Register extends Readonly<Record<'user', infer User>> ? User : unknown;
