import type { Client, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { parseScope } from '../../../core/scopes.js';
import { knownDefaultResource } from '../../options/resource-options.js';
import type { ServerContext } from '../../server-context.js';
import { applicationOf } from '../client-metadata.js';
import { errors } from '../oidc-provider.js';
import { askedScope } from './requested-scope.js';
import { putBackStepUpParameters } from './step-up-parameters.js';

type ResourceIndicators = NonNullable<NonNullable<Configuration['features']>['resourceIndicators']>;

/** The error could repeat a scope; text from strangers is not repeated. */
const NO_SCOPE = undefined as unknown as string;

/**
 * Resource indicators (RFC 8707), and the scope of every request: oidc-provider calls these two functions for each
 * request of a known application, before it drops unknown scopes.
 */
export function resourceIndicators(context: ServerContext): ResourceIndicators {
  const { settings, dependencies, scopes } = context;
  const fallback = knownDefaultResource(settings, dependencies.resource ?? dependencies.impliedResource);
  return {
    enabled: true,
    defaultResource(ctx, client, oneOf) {
      settleScope(context, ctx, client);
      // With several resources it should choose one for the token; without a choice the request is refused.
      return (oneOf ?? fallback) as string[] | string | undefined;
    },
    getResourceServerInfo(ctx, identifier, client) {
      settleScope(context, ctx, client);
      const resource = settings.resources.get(identifier);
      if (resource !== undefined) {
        refuseScopesFromElsewhere(ctx, resource.scopes);
        return {
          scope: resource.scopes.join(' '),
          audience: identifier,
          accessTokenFormat: resource.accessTokens,
          accessTokenTTL: resource.accessTokenLifetimeSeconds,
          jwt: { sign: { alg: resource.accessTokenAlgorithm } },
        };
      }
      if (identifier !== (dependencies.resource ?? dependencies.impliedResource)) throw new errors.InvalidTarget();
      return { scope: [...scopes.known].join(' '), audience: identifier, accessTokenFormat: 'opaque' };
    },
    // Without a `resource` parameter a token is for the granted resource, not only for the userinfo endpoint.
    useGrantedResource: () => true,
  };
}

/** Refuses scopes that are unknown or not allowed, and inserts the defaults if none is requested. */
function settleScope({ scopes }: ServerContext, ctx: KoaContextWithOIDC, client: Client): void {
  const { params } = ctx.oidc;
  putBackStepUpParameters(ctx);
  if (params === undefined || !asksForScope(ctx)) return;
  const settled = scopes.resolve(askedScope(ctx), applicationOf(client));
  if ('problem' in settled) throw new errors.InvalidScope(settled.problem, NO_SCOPE);
  params.scope = settled.scope;
}

/**
 * A token for an application alone is for one resource. oidc-provider would drop scopes that do not apply there, and
 * issue a token without any scope if none is left (RFC 6749 §3.3).
 */
function refuseScopesFromElsewhere({ oidc }: KoaContextWithOIDC, known: readonly string[]): void {
  const { grant_type: grantType, scope } = oidc.params ?? {};
  if (oidc.route !== 'token' || grantType !== 'client_credentials') return;
  if (parseScope(String(scope)).every((name) => known.includes(name))) return;
  throw new errors.InvalidScope('a requested scope means nothing at this resource', NO_SCOPE);
}

/** Codes and refresh tokens carry their scope: only client-credentials requests to the token endpoint have one. */
function asksForScope({ oidc }: KoaContextWithOIDC): boolean {
  return oidc.route !== 'token' || oidc.params?.grant_type === 'client_credentials';
}
