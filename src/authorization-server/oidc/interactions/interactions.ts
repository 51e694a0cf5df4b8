import type { Context } from 'koa';
import type { InteractionResults, Provider, Interaction as StoredInteraction } from 'oidc-provider';
import { epochSeconds } from '../../../core/clock.js';
import { parseScope } from '../../../core/scopes.js';
import { grantLifetime } from '../../grants/lifetimes.js';
import type { Interaction, Interactions } from '../../ports.js';
import type { ServerContext } from '../../server-context.js';
import { findAccount } from '../hooks/accounts.js';
import { createGrant, grantableOf } from '../hooks/grants.js';
import { loginConditionsOf } from '../hooks/login-conditions.js';
import { NATIVE_CLIENT_PROMPT } from '../hooks/native-clients.js';
import { errors } from '../oidc-provider.js';
import { hintedUserId } from './id-token-hint.js';
import { signInDetails } from './sign-in-details.js';
import { endSessionOfAnother, innerContext } from './sign-ins.js';

/** What the user is asked, as oidc-provider stores it. */
interface Question {
  /** The scopes of the request. */
  readonly requested: readonly string[];
  /** The subset that the user is asked about. */
  readonly asked: readonly string[];
}

/**
 * In seconds since the Unix epoch: the authentication time if it is unknown. It is too old for every `max_age`, and
 * still a time, as `auth_time` has to be.
 */
const LONG_AGO = 1;

/** Login and consent, based on the interactions that oidc-provider stores. */
export class ProviderInteractions implements Interactions {
  constructor(
    private readonly context: ServerContext,
    private readonly provider: () => Promise<Provider>,
    /** The handler for a path at which a request continues; `undefined` for other paths. */
    private readonly handlerAt: (path: string) => ((context: Context) => Promise<void>) | undefined,
  ) {}

  async current(context: Context): Promise<Interaction | undefined> {
    const stored = await this.find(context);
    if (stored === undefined) return undefined;
    const { params, prompt, uid, session } = stored;
    const application = await this.context.findApplication(String(params.client_id));
    if (application === undefined) return undefined;
    const hint = params.login_hint;
    const redirectUri = params.redirect_uri;
    const isConsent = prompt.name === 'consent';
    const question = questionOf(stored);
    const userId = isConsent ? session?.accountId : undefined;
    return {
      uid,
      prompt: isConsent ? 'consent' : 'login',
      application,
      userId,
      scopes: userId === undefined ? question.requested : await this.grantable(stored, userId, question.asked),
      loginHint: typeof hint === 'string' ? hint : undefined,
      redirectUri: typeof redirectUri === 'string' ? redirectUri : undefined,
      login: loginConditionsOf(stored, this.context.dependencies.clock, this.context.settings.acr),
    };
  }

  async finishLogin(
    context: Context,
    userId: string,
    authenticatedAtMilliseconds: number | undefined,
    mark: number,
  ): Promise<string> {
    const stored = await this.required(context);
    const { dependencies } = this.context;
    if ((await findAccount(dependencies.users, userId, undefined)) === undefined) {
      return this.finish(stored, { error: 'access_denied', error_description: 'the user may not sign in' });
    }
    const hinted = hintedUserId(stored);
    if (hinted !== undefined && hinted !== userId) return this.fail(stored);
    // Another user signs in at this browser: the previous session ends completely. It need not be the session with
    // which the request began, since another tab may have signed in meanwhile.
    await endSessionOfAnother(this.context, await this.provider(), context, userId);
    if (stored.session?.accountId !== userId) stored.session = undefined;
    const ts = authenticatedAtMilliseconds === undefined ? LONG_AGO : Math.floor(authenticatedAtMilliseconds / 1000);
    const details = await signInDetails(this.context.settings, userId, context);
    return this.finish(stored, { login: { accountId: userId, ts, mark, ...details } });
  }

  async failLogin(context: Context): Promise<string> {
    return this.fail(await this.required(context));
  }

  async finishConsent(context: Context, grantedScopes: readonly string[]): Promise<string> {
    const stored = await this.required(context);
    const userId = stored.session?.accountId;
    const clientId = String(stored.params.client_id);
    const application = await this.context.findApplication(clientId);
    if (stored.prompt.name !== 'consent' || userId === undefined || application === undefined) throw over();

    const { requested, asked } = questionOf(stored);
    const grantable = await this.grantable(stored, userId, requested);
    const granted = grantable.filter((scope) => !asked.includes(scope) || grantedScopes.includes(scope));
    const refused = requested.filter((scope) => !granted.includes(scope));
    const { jti: grantId } = await createGrant(await this.provider(), this.context.dependencies.random, {
      clientId,
      userId,
      granted,
      refused,
      resources: this.resourcesOf(stored),
      sessionUid: stored.deviceCode === undefined ? stored.session?.uid : undefined,
      lifetimeSeconds: grantLifetime(this.context, application),
    });
    if (granted.length > 0) {
      await this.context.consents.remember(userId, application.id, granted);
      this.context.dependencies.events.tell('consent.granted', () => ({ clientId, userId, scopes: granted }));
    }
    // Keeps the earlier submission, so that the login is not repeated.
    return this.finish(stored, { ...stored.lastSubmission, consent: { grantId } });
  }

  async refuse(context: Context): Promise<string> {
    const description = 'the user refused';
    return this.finish(await this.required(context), { error: 'access_denied', error_description: description });
  }

  private grantable(stored: StoredInteraction, userId: string, scopes: readonly string[]) {
    return grantableOf(this.context, String(stored.params.client_id), userId, scopes);
  }

  private fail(stored: StoredInteraction): Promise<string> {
    const description = 'the user was not authenticated as was asked for';
    return this.finish(stored, { error: 'login_required', error_description: description });
  }

  private async finish(stored: StoredInteraction, result: InteractionResults): Promise<string> {
    stored.result = result;
    await stored.save(Math.max(1, stored.exp - epochSeconds(this.context.dependencies.clock)));
    return stored.returnTo;
  }

  private async required(context: Context): Promise<StoredInteraction> {
    const stored = await this.find(context);
    if (stored === undefined) throw over();
    return stored;
  }

  async resume(context: Context, path: string): Promise<boolean> {
    const handle = this.handlerAt(path);
    if (handle === undefined) return false;
    const { url } = context;
    context.url = path;
    try {
      await handle(context);
    } finally {
      context.url = url;
    }
    return true;
  }

  /** The interaction that the URL names, if this browser began it and its session has not changed. */
  private async find(context: Context): Promise<StoredInteraction | undefined> {
    const { settings, binding } = this.context;
    const before = `${settings.prefix}/interaction/`;
    if (!context.path.startsWith(before)) return undefined;
    const provider = await this.provider();
    const { Interaction, Session } = provider;
    const stored = (await Interaction.find(context.path.slice(before.length))) as StoredInteraction | undefined;
    if (stored === undefined || !binding.isOf(context, stored)) return undefined;
    const { session } = stored;
    if (session?.uid === undefined) return stored;
    // The session must belong to this browser too, so that knowing the secret is not enough to consent.
    const { uid, accountId } = await Session.get(innerContext(this.context, provider, context));
    return uid === session.uid && accountId === session.accountId ? stored : undefined;
  }

  private resourcesOf({ params }: StoredInteraction): Record<string, ReadonlySet<string>> {
    const { settings, scopes } = this.context;
    const identifiers = [params.resource ?? []].flat() as string[];
    return Object.fromEntries(
      identifiers.map((identifier) => {
        const known = settings.resources.get(identifier)?.scopes;
        return [identifier, known === undefined ? scopes.known : new Set(known)];
      }),
    );
  }
}

function questionOf({ params, prompt }: StoredInteraction): Question {
  const requested = parseScope(typeof params.scope === 'string' ? params.scope : '');
  const { missingOIDCScope = [], missingResourceScopes = {} } = prompt.details as {
    readonly missingOIDCScope?: readonly string[];
    readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>;
  };
  const missing = new Set([...missingOIDCScope, ...Object.values(missingResourceScopes).flat()]);
  // If nothing is missing, the application wants the user to be asked again (`prompt=consent`) about everything. The
  // same applies if earlier consent does not count.
  const isForAll = missing.size === 0 || prompt.reasons.includes(NATIVE_CLIENT_PROMPT);
  const asked = isForAll ? requested : requested.filter((scope) => missing.has(scope));
  return { requested, asked };
}

function over(): Error {
  return new errors.SessionNotFound('the interaction is over, or another browser’s');
}
