import type { Context } from 'koa';
import type { BrowserSession } from '../../../core/browser-session.js';
import type { ApplicationLifetimes, Registrar } from '../../../storage/index.js';
import type { EndpointForm, FormEntries } from '../../ports.js';
import type { OverviewModel } from './overview-models.js';
import type { Texts } from './texts.js';
import type { Viewer } from './viewer.js';

export type { Viewer };

/** A form: where it is sent by POST, and the hidden fields that have to come along (the CSRF token among them). */
export type PageForm = EndpointForm;

/** A scope with what people are told of it. */
export interface DescribedScope {
  /** Its name. */
  readonly name: string;
  /** The description from the option `scopes`, or its name. */
  readonly description: string;
}

/** An application as pages show it. Its name is the text of a stranger. */
export interface ShownApplication {
  /** Its client identifier. */
  readonly clientId: string;
  /** Its name, as its owner chose it. */
  readonly name: string;
}

/** The links between the parts of a list, which is newest first; `undefined` where there is no such part. */
export interface Paging {
  /** The first part, from any other. */
  readonly newestUrl: string | undefined;
  /** The next part. */
  readonly olderUrl: string | undefined;
}

/** Fields `username` and `password`. */
export interface LoginModel {
  /** The form for the user name and the password. */
  readonly form: PageForm;
  /** What was entered before, or the login hint of the application. */
  readonly username: string;
  /** Why the last attempt failed. */
  readonly problem: 'wrong' | 'throttled' | undefined;
  /** Until when to wait, if throttled. */
  readonly retryAfterSeconds: number;
  /** What one signs in for; `undefined` for the pages of this server itself. */
  readonly application: ShownApplication | undefined;
  /** What was just done. */
  readonly notice: Notice | undefined;
  /** Sends the user back to the application with `access_denied`. */
  readonly refuseForm: PageForm | undefined;
}

/** Two buttons of the name `decision`: `allow` and `deny`. */
export interface ConsentModel {
  /** The form for the decision. */
  readonly form: PageForm;
  /** Who asks. */
  readonly application: ShownApplication;
  /** Who is asked. */
  readonly viewer: Viewer;
  /** What is asked for, with what people are told of it. */
  readonly scopes: readonly DescribedScope[];
  /** The host that the answer goes to, if it is known. */
  readonly returnsTo: string | undefined;
}

/** Field `user_code`. */
export interface DeviceCodeModel {
  /** The form for the code. */
  readonly form: PageForm;
  /** What was entered before, or the code from the address. */
  readonly userCode: string;
  /** Why the last code was not accepted. */
  readonly problem: 'not-found' | 'expired' | 'not-right' | undefined;
}

/** Two buttons: `confirm=yes` and `abort=yes`. */
export interface DeviceConfirmModel {
  /** The form for the decision. */
  readonly form: PageForm;
  /** Who asks. */
  readonly application: ShownApplication;
  /** The code, for comparing it with that of the device. */
  readonly userCode: string;
  /** What is asked for. */
  readonly scopes: readonly DescribedScope[];
}

/** The device was connected. */
export interface DeviceDoneModel {
  /** The application on the device. */
  readonly application: ShownApplication;
}

/** The device was refused; the page shows nothing else. */
export type DeviceRefusedModel = Record<string, never>;

/** A button `logout=yes`. */
export interface LogoutModel {
  /** The form for the decision. */
  readonly form: PageForm;
  /** The host, or the scheme, of the application's address that is gone to afterwards; `undefined`: to none. */
  readonly returnsTo: string | undefined;
}

/** A link to an address of an application's. */
export interface PageLink {
  /** The address. */
  readonly href: string;
  /** What is shown for it. */
  readonly text: string;
}

/** The browser is signed out. */
export interface LoggedOutModel {
  /** Leads on to the application, where the browser is not sent there by itself. */
  readonly link?: PageLink | undefined;
}

/** Something went wrong. */
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
  /** The address of that page. */
  readonly url: string;
  /** Its host, for people. */
  readonly host: string;
}

/** Sends its one form on, by `script` where there is JavaScript, else by a button. */
export interface FormPostModel {
  /** Where the form goes, by POST. */
  readonly url: string;
  /** Hidden fields; a name may come more than once. */
  readonly fields: FormEntries;
  /** The host that the form goes to, for people. */
  readonly host: string;
  /** The one script that the page's policy lets run: it has to stand in a `<script>` exactly as it is. */
  readonly script: string;
}

/** An application that may act for the user. */
export interface ConsentedApplication extends ShownApplication {
  /** What it may do. */
  readonly scopes: readonly DescribedScope[];
  /** Whether the user was asked for all of it; not so where staff decided that he is not. */
  readonly wasAsked: boolean;
  /** Since when, in milliseconds since the epoch. */
  readonly grantedAtMilliseconds: number;
  /** The page that asks before the access is withdrawn. */
  readonly withdrawUrl: string;
}

/** The applications that may act for the user. */
export interface AuthorizedApplicationsModel {
  /** Whose applications they are. */
  readonly viewer: Viewer;
  /** The applications, the oldest consent first. */
  readonly applications: readonly ConsentedApplication[];
  /** What was just done. */
  readonly notice: Notice | undefined;
}

/** Asks before something is done that cannot be undone. */
export interface ConfirmModel {
  /** Who is asked. */
  readonly viewer: Viewer;
  /** What is going to be done. */
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
  /** The form that does it. */
  readonly form: PageForm;
  /** The page to go back to. */
  readonly cancelUrl: string;
}

/** An application in a list. */
export interface ListedApplication extends ShownApplication {
  /** Its page. */
  readonly url: string;
  /** Whether it can keep a secret (RFC 6749 §2.1). */
  readonly clientType: 'confidential' | 'public';
  /** Whether it was disabled. */
  readonly isDisabled: boolean;
  /** Whether it proves itself by a secret. */
  readonly hasSecret: boolean;
  /** The id of its owner; `null`: nobody's. */
  readonly owner: string | null;
}

/** What staff looked for in the list of applications. */
export interface ApplicationSearch {
  /** Where the form is sent, by GET. */
  readonly action: string;
  /** The beginning of a client identifier that was entered. */
  readonly clientId: string;
  /** The id of an owner that was entered. */
  readonly userId: string;
}

/** A list of applications: the user's own, or for staff all. */
export interface ApplicationsModel {
  /** Who looks at it. */
  readonly viewer: Viewer;
  /** The applications of this part of the list. */
  readonly applications: readonly ListedApplication[];
  /** The form for a new application. */
  readonly newUrl: string;
  /** What was just done. */
  readonly notice: Notice | undefined;
  /** Staff only: what was looked for. */
  readonly search: ApplicationSearch | undefined;
  /** The other parts of the list. */
  readonly paging: Paging;
}

/** A lifetime that staff has set for one application. */
export interface OwnLifetime {
  /** Which lifetime. */
  readonly field: LifetimeField;
  /** Its value in seconds. */
  readonly seconds: number;
}

/** One application. */
export interface ApplicationModel {
  /** Who looks at it. */
  readonly viewer: Viewer;
  /** The application with everything that can be seen of it. */
  readonly application: ListedApplication & {
    /** The grant types that it may use. */
    readonly grantTypes: readonly string[];
    /** Where users are sent back to after signing in. */
    readonly redirectUris: readonly string[];
    /** Where users may be sent after signing out. */
    readonly postLogoutRedirectUris: readonly string[];
    /** The origins whose pages may read responses of this server (CORS). */
    readonly allowedOrigins: readonly string[];
    /** `undefined`: any scope. */
    readonly scopes: readonly DescribedScope[] | undefined;
    /** Whether its users are not asked for consent. */
    readonly skipAuthorization: boolean;
    /** Whether it may introspect all tokens, not only its own. */
    readonly mayIntrospect: boolean;
    /** Who registered it. */
    readonly registeredBy: Registrar;
    /** When an edit of its owner ended what staff had trusted it with, if staff has not decided anew since. */
    readonly trustClearedAtMilliseconds: number | undefined;
    /** Staff only: lifetimes of its own. */
    readonly lifetimes: readonly OwnLifetime[];
    /** When it was registered, in milliseconds since the epoch. */
    readonly createdAtMilliseconds: number;
  };
  /** The new secret. It is shown this once. */
  readonly clientSecret: string | undefined;
  /** What was just done. */
  readonly notice: Notice | undefined;
  /** The list that it is in. */
  readonly listUrl: string;
  /** Whether it is the page for staff. */
  readonly isStaffPage: boolean;
}

/** The fields of the form for an application. */
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
  /** What people see. */
  readonly name: string;
  /** `confidential`, `public`, or what else was sent. */
  readonly clientType: string;
  /** The chosen grant types. */
  readonly grantTypes: readonly string[];
  /** One a line. */
  readonly redirectUris: string;
  /** One a line. */
  readonly postLogoutRedirectUris: string;
  /** One a line. */
  readonly allowedOrigins: string;
  /** The chosen scopes. */
  readonly scopes: readonly string[];
  /** Whether any scope was chosen, also future ones. */
  readonly anyScope: boolean;
  /** Whether its users are not to be asked for consent; staff only. */
  readonly skipAuthorization: boolean;
  /** The owner's id; empty: nobody's. */
  readonly userId: string;
  /** Seconds; empty: the server's own. */
  readonly lifetimes: Readonly<Record<LifetimeField, string>>;
}

/** The form for a new application or for changing one. */
export interface ApplicationFormModel {
  /** Who fills it in. */
  readonly viewer: Viewer;
  /** Where it is sent. */
  readonly form: PageForm;
  /** Whether the application is new. */
  readonly isNew: boolean;
  /** Shown while it is edited. */
  readonly application: ShownApplication | undefined;
  /** What stands in the fields. */
  readonly fields: ApplicationFields;
  /** What is wrong, by field. */
  readonly problems: Readonly<Partial<Record<ApplicationField, string>>>;
  /** The scopes that are offered. */
  readonly choosableScopes: readonly DescribedScope[];
  /** The grant types that are offered. */
  readonly choosableGrantTypes: readonly string[];
  /** Whether it can be said that the application may have any scope. */
  readonly offersAnyScope: boolean;
  /** Whether staff trusts the application, and a change of anything but the name ends that. */
  readonly endsTrust: boolean;
  /** The page to go back to. */
  readonly cancelUrl: string;
  /** Whether it is the form for staff. */
  readonly isStaffPage: boolean;
}

/** A token in a list. The token itself is not stored. */
export interface ListedToken {
  /** Whether it is an access token or a refresh token. */
  readonly kind: 'access' | 'refresh';
  /** The beginning of its SHA-256 in hexadecimal. */
  readonly hashPrefix: string;
  /** The client identifier of its application; `null`: the application was deleted. */
  readonly clientId: string | null;
  /** The name of its application; `null`: the application was deleted. */
  readonly applicationName: string | null;
  /** The id of its user; `null`: the application acts on its own behalf. */
  readonly userId: string | null;
  /** What it may do. */
  readonly scopes: readonly string[];
  /** When it was issued, in milliseconds since the epoch. */
  readonly createdAtMilliseconds: number;
  /** When it expires, in milliseconds since the epoch. */
  readonly expiresAtMilliseconds: number;
  /** Whether it can still be used. */
  readonly state: 'active' | 'revoked' | 'expired';
  /** The page that asks before it is revoked; `undefined`: it cannot be used any more. */
  readonly revokeUrl: string | undefined;
}

/** The search for tokens; staff only. */
export interface TokensModel {
  /** Who looks at it. */
  readonly viewer: Viewer;
  /** What was looked for, and where the form is sent. */
  readonly search: {
    /** Where the form is sent, by GET. */
    readonly action: string;
    /** The client identifier that was entered. */
    readonly clientId: string;
    /** The id of a user that was entered. */
    readonly userId: string;
    /** The beginning of a SHA-256 that was entered. */
    readonly hashPrefix: string;
  };
  /** `undefined`: nothing was looked for yet. */
  readonly tokens: readonly ListedToken[] | undefined;
  /** What is wrong with what was entered. */
  readonly problem: 'hash' | undefined;
  /** The other parts of the list. */
  readonly paging: Paging;
  /** What was just done. */
  readonly notice: Notice | undefined;
}

/** A browser in which the user is signed in. */
export interface ListedSession extends BrowserSession {
  /** Whether it is the browser that asks. */
  readonly isCurrent: boolean;
  /** The page that asks before it is signed out. */
  readonly endUrl: string;
}

/** Whose sessions staff looked for. */
export interface SessionSearch {
  /** Where the form is sent, by GET. */
  readonly action: string;
  /** The id of a user that was entered. */
  readonly userId: string;
}

/** The browsers in which a user is signed in: the viewer's own, or for staff anybody's. */
export interface SessionsModel {
  /** Who looks at it. */
  readonly viewer: Viewer;
  /** `undefined`: nobody was chosen yet (staff). */
  readonly sessions: readonly ListedSession[] | undefined;
  /** Staff only: whose sessions. */
  readonly search: SessionSearch | undefined;
  /** Ends all others; for staff, all. */
  readonly endAllUrl: string | undefined;
  /** The other parts of the list. */
  readonly paging: Paging;
  /** What was just done. */
  readonly notice: Notice | undefined;
}

/** What was just done. */
export type Notice = keyof Texts['notices'];

/** The pages by name, with what each is made of. */
export interface PageModels {
  /** The login page. */
  readonly login: LoginModel;
  /** Asks whether an application gets access. */
  readonly consent: ConsentModel;
  /** Asks for the code that a device shows. */
  readonly deviceCode: DeviceCodeModel;
  /** Asks whether the device is the user's own. */
  readonly deviceConfirm: DeviceConfirmModel;
  /** The device was connected. */
  readonly deviceDone: DeviceDoneModel;
  /** The device was refused. */
  readonly deviceRefused: DeviceRefusedModel;
  /** Asks whether to sign out. */
  readonly logout: LogoutModel;
  /** The browser is signed out. */
  readonly loggedOut: LoggedOutModel;
  /** Something went wrong. */
  readonly error: ErrorModel;
  /** Leads on to another page. */
  readonly continue: ContinueModel;
  /** Sends an answer on by a form (`response_mode=form_post`). */
  readonly formPost: FormPostModel;
  /** The applications that may act for the user. */
  readonly authorizedApplications: AuthorizedApplicationsModel;
  /** Asks before something is done. */
  readonly confirm: ConfirmModel;
  /** A list of applications. */
  readonly applications: ApplicationsModel;
  /** One application. */
  readonly application: ApplicationModel;
  /** The form for an application. */
  readonly applicationForm: ApplicationFormModel;
  /** The search for tokens; staff only. */
  readonly tokens: TokensModel;
  /** The browsers in which a user is signed in. */
  readonly sessions: SessionsModel;
  /** What happened lately; staff only. */
  readonly overview: OverviewModel;
}

/** The name of a page. */
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
  'overview',
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
