import { randomBytes } from 'node:crypto';
import { Authorized, Get, JsonController } from 'routing-controllers';
import {
  Access,
  type IntrospectedTokensOptions,
  introspectedTokens,
  type OAuth2Options,
  type RequestAccess,
} from '../../../src/public/index.js';
import type { StackName } from '../bookstore.js';
import { type SmallApplication, useApplication } from './application.js';
import { MovedClock } from './authorization-server.js';
import { call, type Reply } from './http.js';
import type { ScriptedEndpoint } from './introspection-endpoint.js';

@JsonController()
export class WhoController {
  @Get('/who')
  @Authorized('read')
  who(@Access() access: RequestAccess) {
    const { user, principal, token } = access;
    return {
      principal: principal.key,
      userId: access.userId ?? null,
      user: user === undefined ? null : { kind: user?.constructor.name, text: String(user), ...(user as object) },
      issuer: token?.issuer ?? null,
      subject: token?.subject ?? null,
      clientId: token?.clientId ?? null,
      scopes: token?.scopes,
      acr: token?.acr ?? null,
      claims: token?.claims,
    };
  }
}

/** An application whose tokens another server knows. */
export interface IntrospectingApplication extends SmallApplication {
  readonly clock: MovedClock;
  /** What it has logged. */
  readonly log: string[];
  /** Asks with a token. */
  who(token: string): Promise<Reply>;
}

export interface IntrospectingOptions {
  readonly stack?: StackName;
  readonly tokens?: Partial<IntrospectedTokensOptions>;
  /** In place of the one verifier; asked for when the endpoint has its address. */
  readonly verifiers?: () => NonNullable<OAuth2Options['verifiers']>;
}

/** A token as some other server would issue it. */
export function foreignToken(): string {
  return `foreign-${randomBytes(16).toString('base64url')}`;
}

/** Serves `/who` to tokens that an endpoint knows, while the tests of the surrounding `describe` run. */
export function useIntrospection(
  endpoint: ScriptedEndpoint,
  options: IntrospectingOptions = {},
): IntrospectingApplication {
  const clock = new MovedClock();
  const log: string[] = [];
  const write = (message: string) => void log.push(message);
  const application = useApplication(options.stack ?? 'SQLite + memory', {
    oauth2: {
      clock,
      logger: { info: write, warn: write, error: write },
      throttling: { failedAuthentication: null },
      // Read when the endpoint has its address.
      get verifiers() {
        if (options.verifiers !== undefined) return options.verifiers();
        return [
          introspectedTokens({
            ...{ endpoint: endpoint.url, clientId: 'api', clientSecret: 'secret' },
            // No test is about the time-out unless it sets one, and a busy machine is no outage.
            ...{ timeoutMilliseconds: 20_000, ...options.tokens },
          }),
        ];
      },
    },
    server: { controllers: [WhoController] },
  });
  return {
    clock,
    log,
    untilShared: (token) => application.untilShared(token),
    who: (token) => call(`${application.url}/who`, { token }),
    get url() {
      return application.url;
    },
    get oauth2() {
      return application.oauth2;
    },
    get issue() {
      return application.issue;
    },
  };
}
