import { knownOptions, optionPath, refuseOption } from '../../../core/options/index.js';

/** Every word on the pages, by group and name. In braces: what is put in, e.g. `{application}`. */
export interface Texts {
  /** What stands around every page: navigation, paging, the language and its direction. */
  readonly frame: PageWords<'frame'>;
  /** The login page. */
  readonly login: PageWords<'login'>;
  /** The page that asks for consent. */
  readonly consent: PageWords<'consent'>;
  /** The pages that connect a device. */
  readonly device: PageWords<'device'>;
  /** The pages for signing out. */
  readonly logout: PageWords<'logout'>;
  /** What is said of errors. */
  readonly errors: PageWords<'errors'>;
  /** The page that leads on to an application. */
  readonly continue: PageWords<'continue'>;
  /** The applications that may act for the user. */
  readonly authorized: PageWords<'authorized'>;
  /** Lists of applications, and the page of one. */
  readonly applications: PageWords<'applications'>;
  /** The form for an application, with what is wrong with its fields. */
  readonly applicationForm: PageWords<'applicationForm'>;
  /** What is asked before something is done that cannot be undone. */
  readonly confirm: PageWords<'confirm'>;
  /** The search for tokens; staff only. */
  readonly tokens: PageWords<'tokens'>;
  /** The browsers in which a user is signed in. */
  readonly sessions: PageWords<'sessions'>;
  /** What happened lately; staff only. */
  readonly overview: PageWords<'overview'>;
  /** What was just done. */
  readonly notices: PageWords<'notices'>;
}

/** The words of one group. Their names, with the English words, are in the documentation of the texts. */
export type PageWords<Group extends keyof typeof ENGLISH> = {
  readonly [Name in keyof (typeof ENGLISH)[Group]]: string;
};

/** Other words than the English ones; what is left out stays English. */
export type TextOverrides = { readonly [Group in keyof Texts]?: Partial<Texts[Group]> };

function words<Group extends Record<string, string>>(group: Group): { readonly [Name in keyof Group]: string } {
  return group;
}

/** The default. */
export const ENGLISH = {
  frame: words({
    /** BCP 47; also decides how dates are written. */
    language: 'en',
    direction: 'ltr',
    /** What stands above every page. Empty: the issuer's host. */
    siteName: '',
    skip: 'Skip to the content',
    navigation: 'Your account',
    authorized: 'Authorized applications',
    applications: 'Your applications',
    staffApplications: 'All applications',
    staffTokens: 'Tokens',
    sessions: 'Where you are signed in',
    staffSessions: 'Sessions',
    staffOverview: 'Overview',
    signedInAs: 'Signed in as {user}',
    signOut: 'Sign out',
    problem: 'There is a problem',
    problemTitle: 'Error: {title}',
    cancel: 'Cancel',
    paging: 'Pages of this list',
    older: 'Older',
    newest: 'Back to the newest',
    search: 'Search',
  }),
  login: words({
    title: 'Sign in',
    lead: 'Sign in to continue.',
    leadFor: 'Sign in to continue to {application}.',
    username: 'User name',
    password: 'Password',
    submit: 'Sign in',
    refuse: 'Cancel and go back',
    wrong: 'The user name or the password is wrong. Check both and try again.',
    throttled: 'There were too many failed attempts. Try again in {seconds} seconds.',
  }),
  consent: words({
    title: 'Allow access?',
    lead: '{application} asks for access to your account {user}.',
    scopes: 'It will be able to:',
    noScopes: 'It only learns that you have signed in.',
    returnsTo: 'You will be sent on to {host}.',
    stranger: 'Allow it only if you know this application and were just using it. You can withdraw access at any time.',
    allow: 'Allow',
    deny: 'Deny',
  }),
  device: words({
    title: 'Connect a device',
    lead: 'Enter the code that the device shows.',
    code: 'Code',
    submit: 'Continue',
    'not-found': 'There is no such code. Check it and try again.',
    expired: 'This code has expired. Ask the device for a new one.',
    'not-right': 'This code cannot be used any more. Ask the device for a new one.',
    confirmTitle: 'Is this your device?',
    confirmLead: '{application} wants to be connected to your account.',
    compare: 'The device must show this code:',
    scopes: 'It will be able to:',
    stranger: 'Continue only if the device is in front of you. Nobody who calls or writes to you needs this code.',
    confirm: 'Yes, connect it',
    abort: 'No, this is not mine',
    doneTitle: 'Connected',
    done: '{application} is connected. You can close this page and continue on the device.',
    refusedTitle: 'Refused',
    refused: 'The device was refused. It has no access to your account. You can close this page.',
  }),
  logout: words({
    title: 'Sign out',
    lead: 'Do you want to sign out?',
    returnsTo: 'You will be sent on to {host}.',
    submit: 'Sign out',
    stay: 'Stay signed in',
    doneTitle: 'Signed out',
    done: 'You are signed out.',
  }),
  errors: words({
    title: 'This did not work',
    code: 'Error code: {code}',
    retry: 'Go back and try again.',
    continueTo: 'Continue to {host}',
    badRequest: 'The request cannot be understood.',
    forged: 'This form was not sent from here, or it was open for too long. Open the page again and send it once more.',
    notFound: 'There is no such page.',
    wrongMethod: 'This page does not support this kind of request.',
    tooLarge: 'The form is too large.',
    tooOften: 'You have done this too often in a short time. Try again later.',
    wrongType: 'The form was sent in a format that is not supported.',
    interactionOver:
      'This sign-in has ended, or was started in another browser. Go back to the application and start again.',
    staffOnly: 'This page is for staff.',
    unavailable: 'The service is not available at the moment. Try again shortly.',
    internal: 'Something went wrong here. The error was logged; try again later.',
  }),
  continue: words({
    title: 'One moment',
    lead: 'You are being sent on to {host}.',
    link: 'Continue',
  }),
  authorized: words({
    title: 'Authorized applications',
    lead: 'These applications may act for you.',
    none: 'No application may act for you.',
    since: 'Allowed on {date}',
    unaskedSince: 'Since {date}, without asking you: the operator trusts it',
    withdraw: 'Withdraw',
    withdrawOf: 'Withdraw access of {application}',
    noScopes: 'It only knows that you have signed in.',
  }),
  applications: words({
    title: 'Your applications',
    staffTitle: 'All applications',
    lead: 'Applications that you have registered.',
    none: 'You have not registered an application.',
    noneFound: 'No application matches.',
    new: 'Register an application',
    name: 'Name',
    clientId: 'Client identifier',
    clientIdPrefix: 'Client identifier (first characters)',
    owner: 'Owner',
    ownerId: 'Owner (id of the user)',
    nobody: 'nobody',
    type: 'Type',
    confidential: 'Confidential',
    public: 'Public',
    state: 'State',
    enabled: 'Enabled',
    disabled: 'Disabled',
    grantTypes: 'Grant types',
    redirectUris: 'Redirect URIs',
    postLogoutRedirectUris: 'Redirect URIs after signing out',
    allowedOrigins: 'Origins of its pages',
    scopes: 'Scopes',
    anyScope: 'Any scope',
    nothing: 'None',
    consent: 'Consent',
    asked: 'Users are asked',
    notAsked: 'Users are not asked',
    registrar: 'Registered by',
    'registeredBy-host': 'Staff',
    'registeredBy-owner': 'Its owner',
    'registeredBy-registration': 'Itself (dynamic registration)',
    introspection: 'Introspection',
    introspectsAll: 'All tokens',
    introspectsOwn: 'Its own tokens',
    trustCleared:
      'You changed this application on {date}. Since then it is no longer trusted by staff: its users are asked.',
    trustClearedStaff:
      'Its owner changed this application on {date}. Since then it is no longer trusted: review it before you trust it again.',
    created: 'Registered',
    secretTitle: 'Client secret',
    secretOnce: 'Copy it now: it is shown only once and cannot be recovered.',
    edit: 'Edit',
    rotate: 'New secret',
    disable: 'Disable',
    enable: 'Enable',
    delete: 'Delete',
    back: 'Back to the list',
    results: 'Results',
  }),
  applicationForm: words({
    newTitle: 'Register an application',
    editTitle: 'Edit application',
    name: 'Name',
    nameHint: 'What people see when they are asked for access.',
    clientType: 'Type',
    confidential: 'Confidential',
    confidentialHint: 'Runs on a server and can keep a secret.',
    public: 'Public',
    publicHint: 'Runs in a browser or on the user’s device: it has no secret.',
    grantTypes: 'Grant types',
    authorization_code: 'Authorization code',
    authorization_codeHint: 'People sign in through the browser.',
    refresh_token: 'Refresh token',
    refresh_tokenHint: 'Stays connected without asking again.',
    client_credentials: 'Client credentials',
    client_credentialsHint: 'Acts on its own behalf, without a user. Confidential applications only.',
    'urn:ietf:params:oauth:grant-type:device_code': 'Device code',
    'urn:ietf:params:oauth:grant-type:device_codeHint': 'For devices without a browser.',
    redirectUris: 'Redirect URIs',
    redirectUrisHint: 'One per line, compared exactly. Required for authorization codes.',
    postLogoutRedirectUris: 'Redirect URIs after signing out',
    postLogoutRedirectUrisHint: 'One per line. Optional.',
    allowedOrigins: 'Origins of its pages',
    allowedOriginsHint:
      'The origins whose JavaScript may read responses of this server, such as https://app.example.com. One per line. Optional: for a public application, the origins of its redirect URIs are included.',
    scopes: 'Scopes',
    scopesHint: 'What the application may request.',
    noScopes: 'Applications of users may have no scopes.',
    endsTrust:
      'Staff trusts this application as it is. If you change anything but its name, this trust ends: its users are asked, and it may introspect only its own tokens.',
    anyScope: 'Any scope, also future ones',
    skipAuthorization: 'Do not ask its users for consent',
    userId: 'Owner (id of the user)',
    userIdHint: 'Empty: it belongs to nobody.',
    lifetimes: 'Lifetimes in seconds',
    lifetimesHint: 'Empty: the default of the server.',
    accessTokenLifetimeSeconds: 'Access tokens',
    refreshTokenLifetimeSeconds: 'Refresh tokens, counted from the sign-in',
    refreshTokenIdleSeconds: 'Unused refresh tokens',
    idTokenLifetimeSeconds: 'ID tokens',
    create: 'Register',
    save: 'Save',
    nameProblem: 'Name: enter 1 to 255 characters, without control characters.',
    clientTypeProblem: 'Type: choose one.',
    grantTypesProblem: 'Grant types: choose at least one; client credentials need a confidential application.',
    redirectUrisProblem:
      'Redirect URIs: enter absolute URIs, one per line, without spaces or fragments (#): https, http for this machine, or for public applications a scheme of their own such as com.example.app. Authorization codes require at least one.',
    allowedOriginsProblem:
      'Origins of its pages: enter only scheme, host and port, one per line, such as https://app.example.com.',
    postLogoutRedirectUrisProblem:
      'Redirect URIs after signing out: enter absolute URIs, one per line, without spaces or fragments (#).',
    notUsable: 'Not usable: {refused}',
    scopesProblem: 'Scopes: choose only scopes that are offered.',
    userIdProblem: 'Owner: there is no such user.',
    accessTokenLifetimeSecondsProblem: 'Access tokens: enter 1 to 315360000 seconds, or nothing.',
    refreshTokenLifetimeSecondsProblem: 'Refresh tokens: enter 1 to 315360000 seconds, or nothing.',
    refreshTokenIdleSecondsProblem: 'Unused refresh tokens: enter 1 to 315360000 seconds, or nothing.',
    idTokenLifetimeSecondsProblem: 'ID tokens: enter 1 to 2592000 seconds, or nothing.',
  }),
  confirm: words({
    'withdraw-title': 'Withdraw access?',
    'withdraw-text':
      '{subject} can no longer act for you. Every token that it holds for you becomes invalid immediately.',
    'withdraw-submit': 'Withdraw',
    'withdraw-unasked-title': 'Withdraw access?',
    'withdraw-unasked-text':
      'Every token that {subject} holds for you becomes invalid immediately. The operator trusts it: when you next sign in there, it gets access again without asking you.',
    'withdraw-unasked-submit': 'Withdraw',
    'rotate-secret-title': 'New secret?',
    'rotate-secret-text':
      'The new secret of {subject} is shown once. The present one becomes invalid; choose immediately if others may know it.',
    overlap: 'The present secret',
    'overlap-0': 'becomes invalid immediately',
    'overlap-3600': 'stays valid for an hour',
    'overlap-86400': 'stays valid for a day',
    'overlap-604800': 'stays valid for a week',
    'rotate-secret-submit': 'Create a new secret',
    'delete-title': 'Delete application?',
    'delete-text': '{subject} and all its tokens are deleted. This cannot be undone.',
    'delete-submit': 'Delete',
    'revoke-token-title': 'Revoke token?',
    'revoke-token-text': 'The token {subject} becomes invalid immediately. This cannot be undone.',
    'revoke-token-submit': 'Revoke',
    'disable-title': 'Disable application?',
    'disable-text': 'All tokens of {subject} are refused, and it gets no new ones, until it is enabled again.',
    'disable-submit': 'Disable',
    'enable-title': 'Enable application?',
    'enable-text': 'The tokens of {subject} that have not expired are valid again, and it can get new ones.',
    'enable-submit': 'Enable',
    'end-session-title': 'Sign this browser out?',
    'end-session-text': '{subject} is signed out immediately, and the access that applications were given there ends.',
    'end-session-submit': 'Sign out',
    'end-other-sessions-title': 'Sign all other browsers out?',
    'end-other-sessions-text':
      'Every browser except this one is signed out immediately, and the access that applications were given there ends.',
    'end-other-sessions-submit': 'Sign all others out',
    'end-all-sessions-title': 'Sign all browsers out?',
    'end-all-sessions-text':
      'Every browser of the user {subject} is signed out immediately, and the access that applications were given there ends.',
    'end-all-sessions-submit': 'Sign all out',
  }),
  tokens: words({
    title: 'Tokens',
    lead: 'Tokens themselves are not stored. To find one, enter the beginning of its SHA-256, never the token.',
    clientId: 'Client identifier',
    userId: 'User (id)',
    hashPrefix: 'SHA-256 (first digits, hexadecimal)',
    hashProblem: 'Enter 4 to 64 hexadecimal digits of the SHA-256.',
    none: 'No token matches.',
    results: 'Results',
    hash: 'SHA-256',
    kind: 'Kind',
    access: 'Access token',
    refresh: 'Refresh token',
    application: 'Application',
    user: 'User',
    noUser: 'none',
    scopes: 'Scopes',
    created: 'Issued',
    expires: 'Expires',
    state: 'State',
    active: 'Active',
    revoked: 'Revoked',
    expired: 'Expired',
    revoke: 'Revoke',
    revokeOf: 'Revoke token {hash}',
  }),
  sessions: words({
    title: 'Where you are signed in',
    staffTitle: 'Sessions',
    lead: 'Sign out browsers that you no longer use or do not recognize.',
    userId: 'User (id)',
    none: 'No browser is signed in.',
    current: 'This browser',
    unknownBrowser: 'Unknown browser',
    unknownAddress: 'an unknown address',
    address: 'From {address}',
    times: 'Signed in on {begun}, last seen on {seen}',
    end: 'Sign out',
    endOf: 'Sign out {browser}',
    endOthers: 'Sign all others out',
    endAll: 'Sign all out',
  }),
  overview: words({
    title: 'Overview',
    ofProcesses:
      'The pictures show all processes of this application that share its Redis, up to a quarter of a minute behind. Times are UTC.',
    ofProcess:
      'The pictures show only the process that made this page, since {date}: without Redis, others cannot be seen from here. Times are UTC.',
    ofAlone:
      'Redis does not answer. The pictures show only the process that made this page, since {date}. Times are UTC.',
    state: 'State now',
    stateHint: 'As the process that made this page sees it.',
    'store-database': 'Database',
    'store-cache': 'Token cache in Redis',
    'store-throttle': 'Throttle in its store',
    up: 'Up',
    down: 'Down',
    connections: 'Connections to the database',
    connectionsValue: '{used} in use, {free} free, {waiting} waiting for one',
    liveTokens: 'Valid access tokens',
    notCounted: 'being counted',
    cachedTokens: 'Tokens in memory',
    lag: 'Revocations arrive within',
    lagValue: '{milliseconds} ms',
    lastHour: '{title}, last hour',
    lastDay: '{title}, last day',
    numbers: 'Numbers',
    nothing: 'Nothing in this time.',
    time: 'From',
    others: 'Others',
    tokens: 'Tokens',
    issued: 'Issued',
    revoked: 'Revoked',
    requests: 'Requests',
    passed: 'Let through',
    refused: 'Refused',
    refusals: 'Refusals by cause',
    'cause-no_credentials': 'No credentials',
    'cause-invalid_request': 'Malformed request',
    'cause-invalid_token': 'Invalid token',
    'cause-expired_token': 'Expired token',
    'cause-invalid_dpop_proof': 'Invalid DPoP proof',
    'cause-invalid_session': 'Invalid session',
    'cause-csrf': 'No CSRF token',
    'cause-invalid_credentials': 'Other invalid credentials',
    'cause-insufficient_scope': 'Insufficient scope',
    'cause-insufficient_user_authentication': 'Stronger sign-in needed',
    'cause-permission': 'Permission',
    'cause-object_permission': 'Permission for an entity',
    'cause-throttled': 'Throttled',
    'cause-failure_budget': 'Too many failures',
    'cause-unavailable': 'Something was unavailable',
    'cause-http_error': 'Refused by the application',
    'cause-fault': 'Fault',
    levels: 'Where answers about tokens came from',
    'level-process': 'Memory',
    'level-redis': 'Redis',
    'level-verifier': 'Database or issuer',
    throttled: 'Throttled requests by policy',
    limits: 'How near to their limits',
    limitsHint: 'The greatest share of a limit that one caller had used.',
    policy: 'Policy',
    peak: 'Greatest use',
    allowed: 'Allowed',
    refusedHere: 'Refused',
    undecided: 'Decided without the store',
  }),
  notices: words({
    sessionEnded: 'The browser was signed out.',
    sessionsEnded: 'The browsers were signed out.',
    withdrawn: 'The access was withdrawn.',
    saved: 'The application was saved.',
    trustCleared: 'The application was saved. Since this change it is no longer trusted by staff: its users are asked.',
    registered: 'The application was registered.',
    rotated: 'The application has a new secret.',
    deleted: 'The application was deleted.',
    disabled: 'The application was disabled.',
    enabled: 'The application was enabled.',
    revoked: 'The token was revoked.',
    signedOut: 'You are signed out.',
  }),
};

/** The English texts with the host's overrides. */
export function completeTexts(overrides: TextOverrides = {}): Texts {
  const path = 'authorizationServer.texts';
  const given: Record<string, unknown> = knownOptions(path, overrides, Object.keys(ENGLISH) as (keyof Texts)[]);
  const groups = Object.entries(ENGLISH).map(([name, group]) => [
    name,
    { ...group, ...textsOf(optionPath(path, name), group, given[name] ?? {}) },
  ]);
  return Object.fromEntries(groups) as unknown as Texts;
}

function textsOf(path: string, known: object, given: unknown): Record<string, string> {
  const texts = knownOptions<Record<string, string>>(path, given, Object.keys(known));
  for (const [name, text] of Object.entries(texts)) {
    if (typeof text !== 'string') refuseOption(optionPath(path, name), text, 'give a text');
  }
  return texts;
}
