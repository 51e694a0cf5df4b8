import type { Context } from 'koa';
import type { Application } from '../storage/index.js';

/** What a browser is asked at present, on its way through the authorization endpoint. */
export interface Interaction {
  /** The id in the page's URL; it is useless in another browser. */
  readonly uid: string;
  readonly prompt: 'login' | 'consent';
  readonly application: Application;
  /** Who is signed in; `undefined` while `prompt` is `login`. */
  readonly userId: string | undefined;
  /** Requested scopes that were not granted before, in the order of the request. */
  readonly scopes: readonly string[];
  /** `login_hint` of the request (OpenID Connect Core §3.1.2.1): text from a stranger. */
  readonly loginHint: string | undefined;
  /** The checked target of the response; missing if there is none (devices). */
  readonly redirectUri?: string;
  /** The conditions for a login, while `prompt` is `login`. */
  readonly login: LoginConditions;
}

/**
 * Which authentications satisfy a request for a login, for a host that asks only if necessary (OpenID Connect Core
 * §3.1.2.1).
 */
export interface LoginConditions {
  /** Only those since this time (`prompt=login`, `max_age`); `undefined`: all. */
  readonly sinceMilliseconds: number | undefined;
  /**
   * Whether nobody was signed in at the host when the login was requested: a user who is signed in now has signed in
   * since.
   */
  readonly wasSignedOut: boolean;
  /** When the login was requested. */
  readonly askedAtMilliseconds: number;
  /** The authentication contexts of which the application asks for one; `undefined`: it does not matter. */
  readonly acrValues: readonly string[] | undefined;
  /** Whether the user, as signed in at the host now, has reached none of those. */
  lacksAcr(userId: string, context: Context): Promise<boolean>;
}

/** Login and consent at the endpoints. Each method returns the URL to continue at, by 303 (RFC 9700 §4.12). */
export interface Interactions {
  /**
   * The pending interaction of this browser; `undefined` if it is unknown, has ended, or belongs to another browser.
   */
  current(context: Context): Promise<Interaction | undefined>;
  /**
   * The user has authenticated. If the user is not the one named by `id_token_hint`, the application gets
   * `login_required`.
   *
   * @param authenticatedAtMilliseconds when, in milliseconds since the Unix epoch; `undefined` if unknown
   * @param mark taken before the user was authenticated, see `SignIns.mark`
   */
  finishLogin(
    context: Context,
    userId: string,
    authenticatedAtMilliseconds: number | undefined,
    mark: number,
  ): Promise<string>;
  /** The user cannot be authenticated as the application requires: it gets `login_required`. */
  failLogin(context: Context): Promise<string>;
  /** The user grants these of the requested scopes. */
  finishConsent(context: Context, grantedScopes: readonly string[]): Promise<string>;
  /** The user refuses: the application gets `access_denied`. */
  refuse(context: Context): Promise<string>;
  /**
   * Continues a request after one of its steps: responds in `context` with a redirect or a page. Resolves to `false`,
   * without a response, if no request continues at the path.
   */
  resume(context: Context, path: string): Promise<boolean>;
}

/** Who is signed in at the authorization server itself, independent of applications. */
export interface SignIns {
  userIdOf(context: Context): Promise<string | undefined>;
  /** The id of the session of a signed-in browser, as `BrowserSessions` uses it. */
  sessionIdOf(context: Context): Promise<string | undefined>;
  /**
   * Returns a mark to be taken before authentication: if all the user's sessions are ended later, this sign-in is
   * covered too.
   */
  mark(): Promise<number>;
  /** Resolves to `false`, without signing in, if all sessions of the user were ended after the mark was taken. */
  signIn(context: Context, userId: string, mark: number): Promise<boolean>;
  signOut(context: Context): Promise<void>;
}

/** The fields of a form, in their order; a name may occur more than once. */
export type FormEntries = readonly (readonly [name: string, value: string])[];

/** What a form of an endpoint needs besides its visible fields. */
export interface EndpointForm {
  /** The URL to which it is posted. */
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
  /** Makes the user sign in before entering a user code. */
  signInForDevice(context: Context, userCode: string): void | Promise<void>;
  /** The id of the user who is signed in at this browser. */
  signedInUser(context: Context): Promise<string | undefined>;
  deviceDone(context: Context, application: Application): void | Promise<void>;
  /** Says that the device was refused, by `abort=yes` or at the consent page. */
  deviceRefused(context: Context): void | Promise<void>;
  /**
   * Asks whether to sign out (OpenID Connect RP-Initiated Logout §2). `logout=yes` does so.
   *
   * @param returnTo the application's address to continue at afterwards, if there is one
   */
  logoutConfirm(context: Context, form: EndpointForm, returnTo: string | undefined): void | Promise<void>;
  /** Says that nobody is signed in any more. `returnTo`: the application's address, as in `error`. */
  loggedOut(context: Context, returnTo?: string): void | Promise<void>;
  /** Posts these fields to a URL, possibly of another origin, by a script or a button. */
  formPost(context: Context, url: string, fields: FormEntries): void | Promise<void>;
  /**
   * An error that cannot be redirected, or is not redirected automatically: then `returnTo` is the application's
   * address. `error` is an OAuth code, `description` a text for people.
   */
  error(
    context: Context,
    problem: { readonly error: string; readonly description: string; readonly returnTo?: string },
  ): void | Promise<void>;
}

/** An application to which a user has granted something. */
export interface AuthorizedApplication {
  /** The application. */
  readonly application: Application;
  /** What it may do. */
  readonly scopes: readonly string[];
  /** Whether the user was asked about all of them; not if staff decided otherwise (`skipAuthorization`). */
  readonly wasAsked: boolean;
  /** Since when, in milliseconds since the Unix epoch. */
  readonly grantedAtMilliseconds: number;
}

/** What users granted. */
export interface Consents {
  /** The applications that may act for a user, the oldest consent first. */
  list(userId: string): Promise<AuthorizedApplication[]>;
  /** Withdraws it: every token of this user at this application is revoked. Resolves to whether there was one. */
  withdraw(userId: string, clientId: string): Promise<boolean>;
}
