import type { Issuer } from '../options/issuer.js';

/** The limits that are one for requests to endpoints. */
export type EndpointRate = 'token' | 'authorize' | 'device' | 'device-page' | 'introspection';

/** What an endpoint is called in oidc-provider, and what kind of caller it has. */
export interface Endpoint {
  readonly name: string;
  readonly methods: readonly string[];
  /** Programs get JSON, browsers get pages. */
  readonly caller: 'program' | 'browser';
  /**
   * Whose pages of other origins may read the answers: everybody's, or those of the application that is answered.
   * `undefined`: nobody's, as of a page.
   */
  readonly readers: 'everybody' | 'applications' | undefined;
  /** Whether applications authenticate here (RFC 6749 §2.3). */
  readonly authenticatesClients: boolean;
  /** Whether a token is presented here (RFC 6750 §2). */
  readonly takesTokens: boolean;
  /** Whether a POST is the same request as a GET, with its parameters in the body. */
  readonly postsAsGet: boolean;
  /** The limit that holds here. */
  readonly rate: EndpointRate | undefined;
  /** The media type of a body. */
  readonly body: 'form' | 'json' | undefined;
  /** The path that oidc-provider has for it. */
  readonly innerPath: string;
}

/** oidc-provider's names for its routes. Each path is below the prefix. */
export const ROUTES = {
  authorization: '/authorize',
  token: '/token',
  introspection: '/introspect',
  revocation: '/revoke',
  device_authorization: '/device_authorization',
  code_verification: '/device',
  jwks: '/jwks',
  userinfo: '/userinfo',
  end_session: '/logout',
  pushed_authorization_request: '/par',
  registration: '/register',
} as const;

const OAUTH_METADATA = '/.well-known/oauth-authorization-server';
const OPENID_METADATA = '/.well-known/openid-configuration';

type Route = Omit<Endpoint, 'innerPath'>;

const program = (name: string, methods: readonly string[], extra: Partial<Route> = {}): Route => ({
  name,
  methods,
  caller: 'program',
  readers: 'everybody',
  authenticatesClients: false,
  takesTokens: false,
  postsAsGet: false,
  rate: undefined,
  body: undefined,
  ...extra,
});
const browser = (name: string, methods: readonly string[], extra: Partial<Route> = {}): Route => ({
  ...program(name, methods, extra),
  caller: 'browser',
  readers: undefined,
});
const client = (name: string, rate: EndpointRate): Route =>
  program(name, ['POST', 'OPTIONS'], { readers: 'applications', authenticatesClients: true, rate, body: 'form' });

const READ = ['GET', 'HEAD'] as const;
const POSTABLE = { body: 'form', postsAsGet: true } as const;

/** Finds the endpoint of a path: exactly that path, since oidc-provider itself is lenient with case and slashes. */
export class Endpoints {
  private readonly fixed = new Map<string, Endpoint>();
  private readonly resumes: readonly (readonly [prefix: string, route: Route])[];

  /** @param registration whether applications register themselves, and present a token for it */
  constructor(prefix: string, issuer: Issuer, registration: 'open' | 'by token' | undefined) {
    const add = (path: string, route: Route, innerPath = path) => this.fixed.set(path, { ...route, innerPath });
    add(`${prefix}/authorize`, browser('authorization', [...READ, 'POST'], { rate: 'authorize', ...POSTABLE }));
    add(`${prefix}/token`, client('token', 'token'));
    add(`${prefix}/introspect`, client('introspection', 'introspection'));
    add(`${prefix}/revoke`, client('revocation', 'introspection'));
    add(`${prefix}/device_authorization`, client('device_authorization', 'device'));
    add(`${prefix}/par`, client('pushed_authorization_request', 'authorize'));
    add(`${prefix}/device`, browser('code_verification', [...READ, 'POST'], { rate: 'device-page', body: 'form' }));
    add(`${prefix}/jwks`, program('jwks', [...READ, 'OPTIONS']));
    add(
      `${prefix}/userinfo`,
      program('userinfo', [...READ, 'POST', 'OPTIONS'], { readers: 'applications', takesTokens: true, body: 'form' }),
    );
    add(`${prefix}/logout`, browser('end_session', [...READ, 'POST'], POSTABLE));
    add(`${prefix}/logout/confirm`, browser('end_session_confirm', ['POST'], { body: 'form' }));
    add(`${prefix}/logout/success`, browser('end_session_success', READ));
    if (registration !== undefined) {
      const takesTokens = registration === 'by token';
      add(
        `${prefix}/register`,
        program('registration', ['POST', 'OPTIONS'], { takesTokens, rate: 'authorize', body: 'json' }),
      );
    }
    const metadata = program('discovery', [...READ, 'OPTIONS']);
    // RFC 8414 §3.1 puts the path of the issuer behind the well-known one; OpenID Connect Discovery §4.1 before it.
    add(`${OAUTH_METADATA}${issuer.path}`, metadata, OAUTH_METADATA);
    add(`${OPENID_METADATA}${issuer.path}`, metadata, OPENID_METADATA);
    add(`${issuer.path}${OPENID_METADATA}`, metadata, OPENID_METADATA);
    this.resumes = [
      [`${prefix}/authorize/`, browser('resume', READ)],
      [`${prefix}/device/`, browser('device_resume', READ)],
    ];
  }

  find(path: string): Endpoint | undefined {
    const fixed = this.fixed.get(path);
    if (fixed !== undefined) return fixed;
    for (const [prefix, route] of this.resumes) {
      const uid = path.startsWith(prefix) ? path.slice(prefix.length) : '';
      if (/^[A-Za-z0-9_-]{20,64}$/.test(uid)) return { ...route, innerPath: path };
    }
    return undefined;
  }
}
