import type { DescribedServer } from '../resource-server/described-server.js';
import type { JsonObject } from './json.js';
import { defined } from './json.js';

/** One kind of credentials in a document: the schemes that a requirement names together. */
export interface CredentialSchemes {
  /** The scheme that lists scopes, if it is one of tokens. */
  readonly name: string;
  /** What has to be sent beside it. */
  readonly beside: readonly string[];
  /** What has to be sent beside it with methods that change something. */
  readonly besideUnsafe: readonly string[];
  /** Whether it always stands for a user. */
  readonly isUser: boolean;
}

/** The security schemes of a document. */
export interface SecuritySchemes {
  /** By name (Security Scheme Objects). */
  readonly components: Readonly<JsonObject>;
  /** For access tokens. */
  readonly tokens: readonly CredentialSchemes[];
  /** For everything else. */
  readonly others: readonly CredentialSchemes[];
  /** Whether there are other credentials of which nothing is known. */
  readonly hasUnknown: boolean;
}

/** Scopes of OpenID Connect, which every authorization server here knows. */
const IDENTITY = { openid: 'Sign in', offline_access: 'Access while the user is away' };

/** The security schemes of an application, from its authenticators, verifiers and authorization server. */
export function securitySchemes(server: DescribedServer, sessionCookie: string): SecuritySchemes {
  const components: JsonObject = {};
  const tokens: CredentialSchemes[] = [];
  const others: CredentialSchemes[] = [];
  let hasUnknown = false;
  const add = (name: string, scheme: JsonObject): string => {
    const free = unused(name.replace(/[^A-Za-z0-9._-]/g, '_') || 'own', components);
    components[free] = scheme;
    return free;
  };
  const entry = (name: string, more: Partial<CredentialSchemes> = {}): CredentialSchemes => ({
    name,
    beside: [],
    besideUnsafe: [],
    isUser: false,
    ...more,
  });
  for (const one of server.credentials) {
    if (one.kind === 'bearer') {
      for (const [name, scheme] of bearerSchemes(server, one)) tokens.push(entry(add(name, scheme)));
    } else if (one.kind === 'dpop') {
      const proof = add('dpopProof', { type: 'apiKey', in: 'header', name: 'DPoP', description: PROOF });
      tokens.push(entry(add('dpop', { type: 'http', scheme: 'DPoP', description: KEY_BOUND }), { beside: [proof] }));
    } else if (one.kind === 'session') {
      const description = `Repeats the CSRF token of the session, which is in the cookie \`${one.csrfCookie}\`.`;
      const session = add('session', { type: 'apiKey', in: 'cookie', name: sessionCookie, description: SESSION });
      const csrf = add('csrf', { type: 'apiKey', in: 'header', name: one.csrfHeader, description });
      others.push(entry(session, { besideUnsafe: [csrf], isUser: true }));
    } else {
      const scheme = one.scheme ?? keyInField(one.reads);
      if (scheme === undefined) hasUnknown = true;
      else others.push(entry(add(String(scheme.name ?? scheme.scheme ?? 'own'), { ...scheme })));
    }
  }
  return { components, tokens, others, hasUnknown };
}

const KEY_BOUND = 'An access token that is bound to a key of the client (RFC 9449).';
const PROOF = 'The proof that the client has the key of its token (RFC 9449 §4).';
const SESSION = 'The session of a user who has signed in to this application.';

function keyInField(reads: readonly string[]): JsonObject | undefined {
  const [name, ...others] = reads;
  if (name === undefined || others.length > 0 || /^(authorization|cookie)$/i.test(name)) return undefined;
  return { type: 'apiKey', in: 'header', name };
}

function bearerSchemes(
  server: DescribedServer,
  { body, query }: { readonly body: boolean; readonly query: boolean },
): (readonly [string, JsonObject])[] {
  const { authorizationServer, issuers, acceptsOtherTokens } = server;
  const places = [...(body ? ['form bodies'] : []), ...(query ? ['the query'] : [])].join(' and ');
  const elsewhere = places === '' ? undefined : `Tokens are also accepted as \`access_token\` in ${places}.`;
  const schemes: (readonly [string, JsonObject])[] = [];
  if (authorizationServer !== undefined) {
    schemes.push(['oauth2', defined({ type: 'oauth2', description: elsewhere, flows: flowsOf(server) })]);
  }
  for (const issuer of issuers) {
    const openIdConnectUrl = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    schemes.push(['openIdConnect', defined({ type: 'openIdConnect', openIdConnectUrl, description: elsewhere })]);
  }
  if (acceptsOtherTokens || schemes.length === 0) {
    schemes.push(['bearer', defined({ type: 'http', scheme: 'bearer', description: elsewhere })]);
  }
  return schemes;
}

/** The flows that the authorization server has; OpenAPI 3.1 knows none for devices. */
function flowsOf({ authorizationServer, scopes: described }: DescribedServer): JsonObject {
  const { authorizationUrl, tokenUrl } = authorizationServer as NonNullable<DescribedServer['authorizationServer']>;
  return defined({
    authorizationCode:
      authorizationUrl === undefined
        ? undefined
        : { authorizationUrl, tokenUrl, refreshUrl: tokenUrl, scopes: { ...IDENTITY, ...described } },
    clientCredentials: { tokenUrl, scopes: { ...described } },
  });
}

function unused(name: string, taken: object): string {
  if (!Object.hasOwn(taken, name)) return name;
  let number = 2;
  while (Object.hasOwn(taken, `${name}${number}`)) number += 1;
  return `${name}${number}`;
}
