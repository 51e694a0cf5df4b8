import type { Context } from 'koa';
import type { BrowserSession } from '../../../core/browser-session.js';
import type { ApplicationLifetimes, Registrar } from '../../../storage/index.js';
import type { EndpointForm, FormEntries } from '../../ports.js';
import type { Texts } from './texts.js';

/** A form: where it is sent by POST, and the hidden fields that have to come along (the CSRF token among them). */
export type PageForm = EndpointForm;

/** A scope with what people are told of it. */
export interface DescribedScope {
  readonly name: string;
  readonly description: string;
}

/** An application as pages show it. Its name is the text of a stranger. */
export interface ShownApplication {
  readonly clientId: string;
  readonly name: string;
}

/** The links between the parts of a list, which is newest first; `undefined` where there is no such part. */
export interface Paging {
  /** The first part, from any other. */
  readonly newestUrl: string | undefined;
  /** The next part. */
  readonly olderUrl: string | undefined;
}

/** Who looks at the page. */
export interface Viewer {
  readonly id: string;
  readonly name: string;
  readonly isStaff: boolean;
}

/** Fields `username` and `password`. */
export interface LoginModel {
  readonly form: PageForm;
  readonly username: string;
  readonly problem: 'wrong' | 'throttled' | undefined;
  /** Until when to wait, if throttled. */
  readonly retryAfterSeconds: number;
  /** What one signs in for; `undefined` for the pages of this server itself. */
  readonly application: ShownApplication | undefined;
  readonly notice: Notice | undefined;
  /** Sends the user back to the application with `access_denied`. */
  readonly refuseForm: PageForm | undefined;
}

/** Two buttons of the name `decision`: `allow` and `deny`. */
export interface ConsentModel {
  readonly form: PageForm;
  readonly application: ShownApplication;
  readonly viewer: Viewer;
  readonly scopes: readonly DescribedScope[];
  /** The host that the answer goes to, if it is known. */
  readonly returnsTo: string | undefined;
}

/** Field `user_code`. */
export interface DeviceCodeModel {
  readonly form: PageForm;
  readonly userCode: string;
  readonly problem: 'not-found' | 'expired' | 'not-right' | undefined;
}

/** Two buttons: `confirm=yes` and `abort=yes`. */
export interface DeviceConfirmModel {
  readonly form: PageForm;
  readonly application: ShownApplication;
  readonly userCode: string;
  readonly scopes: readonly DescribedScope[];
}

export interface DeviceDoneModel {
  readonly application: ShownApplication;
}

export type DeviceRefusedModel = Record<string, never>;

/** A button `logout=yes`. */
export interface LogoutModel {
  readonly form: PageForm;
  /** The host, or the scheme, of the application's address that is gone to afterwards; `undefined`: to none. */
  readonly returnsTo: string | undefined;
}

/** A link to an address of an application's. */
export interface PageLink {
  readonly href: string;
  readonly text: string;
}

export interface LoggedOutModel {
  /** Leads on to the application, where the browser is not sent there by itself. */
  readonly link?: PageLink | undefined;
}

export interface ErrorModel {
  /** The HTTP status. */
  readonly status: number;
  /** An OAuth error code. */
  readonly error: string;
  /** For people. */
  readonly description: string;
  /** A page that leads on, if there is one. */
  readonly link: PageLink | undefined;
}

/** Leads on to another page at once, by a refresh of zero seconds. */
export interface ContinueModel {
  readonly url: string;
  readonly host: string;
}

/** Sends its one form on, by `script` where there is JavaScript, else by a button. */
export interface FormPostModel {
  /** Where the form goes, by POST. */
  readonly url: string;
  /** Hidden fields; a name may come more than once. */
  readonly fields: FormEntries;
  readonly host: string;
  /** The one script that the page's policy lets run: it has to stand in a `<script>` exactly as it is. */
  readonly script: string;
}

export interface ConsentedApplication extends ShownApplication {
  readonly scopes: readonly DescribedScope[];
  /** Whether the user was asked for all of it; not so where staff decided that he is not. */
  readonly wasAsked: boolean;
  readonly grantedAtMilliseconds: number;
  readonly withdrawUrl: string;
}

export interface AuthorizedApplicationsModel {
  readonly viewer: Viewer;
  readonly applications: readonly ConsentedApplication[];
  readonly notice: Notice | undefined;
}

/** Asks before something is done that cannot be undone. */
export interface ConfirmModel {
  readonly viewer: Viewer;
  readonly what:
    | 'end-session'
    | 'end-other-sessions'
    | 'end-all-sessions'
    | 'withdraw'
    | 'withdraw-unasked'
    | 'rotate-secret'
    | 'delete'
    | 'revoke-token'
    | 'disable'
    | 'enable';
  /** What it is done to, as people know it. */
  readonly subject: string;
  /** With `rotate-secret`: for how many seconds the present secret may stay good, the values of a field `overlap`. */
  readonly overlaps?: readonly number[] | undefined;
  readonly form: PageForm;
  readonly cancelUrl: string;
}

export interface ListedApplication extends ShownApplication {
  readonly url: string;
  readonly clientType: 'confidential' | 'public';
  readonly isDisabled: boolean;
  /** Whether it proves itself by a secret. */
  readonly hasSecret: boolean;
  readonly owner: string | null;
}

export interface ApplicationsModel {
  readonly viewer: Viewer;
  readonly applications: readonly ListedApplication[];
  readonly newUrl: string;
  readonly notice: Notice | undefined;
  /** Staff only: what was looked for. */
  readonly search: { readonly action: string; readonly clientId: string; readonly userId: string } | undefined;
  readonly paging: Paging;
}

export interface ApplicationModel {
  readonly viewer: Viewer;
  readonly application: ListedApplication & {
    readonly grantTypes: readonly string[];
    readonly redirectUris: readonly string[];
    readonly postLogoutRedirectUris: readonly string[];
    readonly allowedOrigins: readonly string[];
    /** `undefined`: any scope. */
    readonly scopes: readonly DescribedScope[] | undefined;
    readonly skipAuthorization: boolean;
    readonly mayIntrospect: boolean;
    readonly registeredBy: Registrar;
    /** When an edit of its owner ended what staff had trusted it with, if staff has not decided anew since. */
    readonly trustClearedAtMilliseconds: number | undefined;
    /** Staff only: lifetimes of its own. */
    readonly lifetimes: readonly { readonly field: LifetimeField; readonly seconds: number }[];
    readonly createdAtMilliseconds: number;
  };
  /** The new secret. It is shown this once. */
  readonly clientSecret: string | undefined;
  readonly notice: Notice | undefined;
  readonly listUrl: string;
  readonly isStaffPage: boolean;
}

export type ApplicationField =
  | 'name'
  | 'clientType'
  | 'grantTypes'
  | 'redirectUris'
  | 'postLogoutRedirectUris'
  | 'allowedOrigins'
  | 'scopes'
  | 'userId'
  | LifetimeField;

/** The fields of lifetimes; staff only. */
export type LifetimeField = keyof ApplicationLifetimes;

/** What stands in the fields of the form for an application. */
export interface ApplicationFields {
  readonly name: string;
  readonly clientType: string;
  readonly grantTypes: readonly string[];
  /** One a line. */
  readonly redirectUris: string;
  readonly postLogoutRedirectUris: string;
  readonly allowedOrigins: string;
  readonly scopes: readonly string[];
  readonly anyScope: boolean;
  readonly skipAuthorization: boolean;
  /** The owner's id; empty: nobody's. */
  readonly userId: string;
  /** Seconds; empty: the server's own. */
  readonly lifetimes: Readonly<Record<LifetimeField, string>>;
}

export interface ApplicationFormModel {
  readonly viewer: Viewer;
  readonly form: PageForm;
  readonly isNew: boolean;
  /** Shown while it is edited. */
  readonly application: ShownApplication | undefined;
  readonly fields: ApplicationFields;
  /** What is wrong, by field. */
  readonly problems: Readonly<Partial<Record<ApplicationField, string>>>;
  readonly choosableScopes: readonly DescribedScope[];
  readonly choosableGrantTypes: readonly string[];
  /** Whether it can be said that the application may have any scope. */
  readonly offersAnyScope: boolean;
  /** Whether staff trusts the application, and a change of anything but the name ends that. */
  readonly endsTrust: boolean;
  readonly cancelUrl: string;
  readonly isStaffPage: boolean;
}

export interface ListedToken {
  readonly kind: 'access' | 'refresh';
  /** The beginning of its SHA-256 in hexadecimal. */
  readonly hashPrefix: string;
  readonly clientId: string | null;
  readonly applicationName: string | null;
  readonly userId: string | null;
  readonly scopes: readonly string[];
  readonly createdAtMilliseconds: number;
  readonly expiresAtMilliseconds: number;
  readonly state: 'active' | 'revoked' | 'expired';
  readonly revokeUrl: string | undefined;
}

export interface TokensModel {
  readonly viewer: Viewer;
  readonly search: {
    readonly action: string;
    readonly clientId: string;
    readonly userId: string;
    readonly hashPrefix: string;
  };
  /** `undefined`: nothing was looked for yet. */
  readonly tokens: readonly ListedToken[] | undefined;
  readonly problem: 'hash' | undefined;
  readonly paging: Paging;
  readonly notice: Notice | undefined;
}

export interface ListedSession extends BrowserSession {
  /** Whether it is the browser that asks. */
  readonly isCurrent: boolean;
  readonly endUrl: string;
}

export interface SessionsModel {
  readonly viewer: Viewer;
  /** `undefined`: nobody was chosen yet (staff). */
  readonly sessions: readonly ListedSession[] | undefined;
  /** Staff only: whose sessions. */
  readonly search: { readonly action: string; readonly userId: string } | undefined;
  /** Ends all others; for staff, all. */
  readonly endAllUrl: string | undefined;
  readonly paging: Paging;
  readonly notice: Notice | undefined;
}

/** What was just done. */
export type Notice = keyof Texts['notices'];

/** The pages by name, with what each is made of. */
export interface PageModels {
  readonly login: LoginModel;
  readonly consent: ConsentModel;
  readonly deviceCode: DeviceCodeModel;
  readonly deviceConfirm: DeviceConfirmModel;
  readonly deviceDone: DeviceDoneModel;
  readonly deviceRefused: DeviceRefusedModel;
  readonly logout: LogoutModel;
  readonly loggedOut: LoggedOutModel;
  readonly error: ErrorModel;
  readonly continue: ContinueModel;
  readonly formPost: FormPostModel;
  readonly authorizedApplications: AuthorizedApplicationsModel;
  readonly confirm: ConfirmModel;
  readonly applications: ApplicationsModel;
  readonly application: ApplicationModel;
  readonly applicationForm: ApplicationFormModel;
  readonly tokens: TokensModel;
  readonly sessions: SessionsModel;
}

export type PageName = keyof PageModels;

/** The names of all pages. */
export const PAGE_NAMES = [
  'login',
  'consent',
  'deviceCode',
  'deviceConfirm',
  'deviceDone',
  'deviceRefused',
  'logout',
  'loggedOut',
  'error',
  'continue',
  'formPost',
  'authorizedApplications',
  'confirm',
  'applications',
  'application',
  'applicationForm',
  'tokens',
  'sessions',
] as const satisfies readonly PageName[];

/** A page of the host's: HTML, or HTML with a Content-Security-Policy of its own. */
export type HostPage = string | { readonly html: string; readonly contentSecurityPolicy: string };

/**
 * Custom pages in place of the package's. Each gets the same model, with its form, and answers a whole HTML document.
 * It escapes what it shows: names of applications are the text of strangers.
 */
export type PageOverrides = {
  readonly [Name in PageName]?: (model: PageModels[Name], context: Context) => HostPage | PromiseLike<HostPage>;
};
