/**
 * What an application tells the types of this package, once, by declaration merging. It is empty here; without it scopes are
 * any strings, and users are `unknown`.
 *
 * ```ts
 * declare module 'routing-controllers-oauth2' {
 *   interface Register {
 *     user: User; // what `users.findById` finds; `User | ForeignUser` where tokens of other issuers are accepted
 *   }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be extended by applications
export interface Register {}

/** The host's user: `user` of `Register`, otherwise `unknown`. */
export type RegisteredUser = Register extends { readonly user: infer User } ? User : unknown;
