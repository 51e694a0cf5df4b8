import type { Context } from 'koa';
import type { Application } from '../storage/index.js';

/** What a browser is asked at the moment, on its way through the authorization endpoint. */
export interface Interaction {
  /** The id that stands in the page's URL; it is worth nothing in another browser. */
  readonly uid: string;
  readonly prompt: 'login' | 'consent';
  readonly application: Application;
  /** Who is signed in; `undefined` while `prompt` is `login`. */
  readonly userId: string | undefined;
  /** What the application asks for and was not granted before, in the order of the request. */
  readonly scopes: readonly string[];
  /** `login_hint` of the request (OpenID Connect Core §3.1.2.1): text of a stranger. */
  readonly loginHint: string | undefined;
  /** Where the answer goes, after it was checked; left out where it goes nowhere (devices). */
  readonly redirectUri?: string;
  /** What the answer has to meet while `prompt` is `login`. */
  readonly login: LoginConditions;
}

/** Which authentications answer a login, for a host that asks only when it has to (OpenID Connect Core §3.1.2.1). */
export interface LoginConditions {
  /** Only those since then (`prompt=login`, `max_age`); `undefined`: all. */
  readonly sinceMilliseconds: number | undefined;
  /** Whether nobody was signed in at the host when it was asked for: whoever is now has signed in since. */
  readonly wasSignedOut: boolean;
}

/** The endpoints' side of login and consent. Each answer is the URL to go on at, by 303 (RFC 9700 §4.12). */
export interface Interactions {
  /** The pending interaction of this browser, or `undefined` if it is unknown, over, or another browser's. */
  current(context: Context): Promise<Interaction | undefined>;
  /**
   * The user proved who he is. If he is not whom `id_token_hint` names, the application gets `login_required`.
   *
   * @param authenticatedAtMilliseconds when, in milliseconds since the Unix epoch; `undefined`: nobody knows
   * @param mark taken before he was authenticated, see `SignIns.mark`
   */
  finishLogin(
    context: Context,
    userId: string,
    authenticatedAtMilliseconds: number | undefined,
    mark: number,
  ): Promise<string>;
  /** The user cannot be authenticated as the application asks: it gets `login_required`. */
  failLogin(context: Context): Promise<string>;
  /** The user grants these of the scopes that were asked for. */
  finishConsent(context: Context, grantedScopes: readonly string[]): Promise<string>;
  /** The user refuses: the application gets `access_denied`. */
  refuse(context: Context): Promise<string>;
  /**
   * Goes on with a request, one of whose steps was finished: answers in `context`, with a redirect or a page. Resolves to
   * `false`, with nothing answered, if the path is none to go on at.
   */
  resume(context: Context, path: string): Promise<boolean>;
}

/** Who is signed in at the authorization server itself, apart from any application. */
export interface SignIns {
  userIdOf(context: Context): Promise<string | undefined>;
  /** The id of the session of a browser that is signed in, as `BrowserSessions` has it. */
  sessionIdOf(context: Context): Promise<string | undefined>;
  /** A mark to take before somebody is authenticated: a later end of all his sessions covers this sign-in too. */
  mark(): Promise<number>;
  /** Resolves to `false`, with nobody signed in, if all sessions of the user were ended since the mark was taken. */
  signIn(context: Context, userId: string, mark: number): Promise<boolean>;
  signOut(context: Context): Promise<void>;
}

/** The fields of a form, in their order; a name may come more than once. */
export type FormEntries = readonly (readonly [name: string, value: string])[];

/** What a form of an endpoint needs beside its visible fields. */
export interface EndpointForm {
  /** Where it is sent, by POST. */
  readonly action: string;
  /** Hidden fields, the CSRF token among them. */
  readonly hidden: Readonly<Record<string, string>>;
}

/** The pages that endpoints show. Each sets status, type and body of the context. */
export interface EndpointPages {
  /** Asks for the user code (RFC 8628 §3.3). The field's name is `user_code`. */
  deviceCode(
    context: Context,
    form: EndpointForm,
    problem: 'not-found' | 'expired' | 'not-right' | undefined,
    userCode: string | undefined,
  ): void | Promise<void>;
  /** Asks whether the device with this code is the user's own. `confirm=yes` approves, `abort=yes` refuses. */
  deviceConfirm(
    context: Context,
    form: EndpointForm,
    device: { readonly application: Application; readonly userCode: string; readonly scopes: readonly string[] },
  ): void | Promise<void>;
  /** Has whoever enters a user code sign in first, and then enter it. */
  signInForDevice(context: Context, userCode: string): void | Promise<void>;
  /** The id of whoever is signed in at this browser. */
  signedInUser(context: Context): Promise<string | undefined>;
  deviceDone(context: Context, application: Application): void | Promise<void>;
  /** Says that the device was refused, by `abort=yes` or where consent was asked for. */
  deviceRefused(context: Context): void | Promise<void>;
  /**
   * Asks whether to sign out (OpenID Connect RP-Initiated Logout §2). `logout=yes` does it.
   *
   * @param returnTo the application's address that is gone to afterwards, if there is one
   */
  logoutConfirm(context: Context, form: EndpointForm, returnTo: string | undefined): void | Promise<void>;
  /** Says that nobody is signed in any more. `returnTo`: the application's address, as in `error`. */
  loggedOut(context: Context, returnTo?: string): void | Promise<void>;
  /** Posts these fields to a URL, which may be of another origin, by itself or by a button. */
  formPost(context: Context, url: string, fields: FormEntries): void | Promise<void>;
  /**
   * An error that is nobody's to redirect, or that is not redirected by itself: `returnTo` is the application's address
   * then. `error` is an OAuth code, `description` a text for people.
   */
  error(
    context: Context,
    problem: { readonly error: string; readonly description: string; readonly returnTo?: string },
  ): void | Promise<void>;
}

/** An application that a user has granted something. */
export interface AuthorizedApplication {
  readonly application: Application;
  readonly scopes: readonly string[];
  /** Whether the user was asked for all of them; not so where staff decided that he is not (`skipAuthorization`). */
  readonly wasAsked: boolean;
  readonly grantedAtMilliseconds: number;
}

/** What users granted. */
export interface Consents {
  list(userId: string): Promise<AuthorizedApplication[]>;
  /** Withdraws it: every token of this user at this application dies everywhere. Resolves to whether there was one. */
  withdraw(userId: string, clientId: string): Promise<boolean>;
}
