import { createHash, randomBytes } from 'node:crypto';
import { CALLBACK_PATH, READER_ID } from './applications.js';

/** A request for access that was started. */
export interface Started {
  /** The URL to which the browser is redirected. */
  readonly url: string;
  /** Returned with the response, to identify the request that it belongs to. */
  readonly state: string;
  /** Proves at the token endpoint that the same application made the request (RFC 7636). */
  readonly verifier: string;
}

/** A response of another server. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The result of a request for access. */
export interface Outcome {
  /** The response of the token endpoint, without the tokens. */
  readonly tokens: Answer;
  /** The response of a guarded action that was called with the token. */
  readonly call?: Answer;
}

const SCOPE = 'api read books books:read';
/** How long another server may take, in milliseconds. */
const PATIENCE_MILLISECONDS = 10_000;

/**
 * An application to which people grant access (RFC 6749 §4.1 with PKCE), written as it would be anywhere else: it
 * shares nothing with the authorization server but its address. A library such as openid-client does the same and more.
 */
export class DemoApplication {
  /**
   * @param options.issuer the address for browsers, and the expected issuer
   * @param options.url the URL under which this process reaches the server
   */
  constructor(private readonly options: { readonly issuer: string; readonly url: string }) {}

  begin(): Started {
    const state = randomBytes(32).toString('base64url');
    const verifier = randomBytes(32).toString('base64url');
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: READER_ID,
      redirect_uri: this.redirectUri,
      scope: SCOPE,
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    return { url: `${this.options.issuer}/oauth2/authorize?${query}`, state, verifier };
  }

  /** Whether the response comes from the server that received the request (RFC 9207 §2.4). */
  isIssuer(iss: string | undefined): boolean {
    return iss === this.options.issuer;
  }

  /** Exchanges a code, and uses the token once. */
  async finish(code: string, verifier: string): Promise<Outcome> {
    const answer = await this.ask('/oauth2/token', {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: READER_ID,
        redirect_uri: this.redirectUri,
        code,
        code_verifier: verifier,
      }),
    });
    const tokens = { status: answer.status, body: withoutTokens(answer.body) };
    const { access_token: token } = answer.body;
    if (answer.status !== 200 || typeof token !== 'string') return { tokens };
    return { tokens, call: await this.ask('/api/protected', { headers: { authorization: `Bearer ${token}` } }) };
  }

  private get redirectUri(): string {
    return `${this.options.issuer}${CALLBACK_PATH}`;
  }

  private async ask(path: string, init: RequestInit): Promise<Answer> {
    const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS);
    const response = await fetch(`${this.options.url}${path}`, { ...init, signal, redirect: 'error' });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }
}

/** Tokens do not belong on a page: it stays in the browser's history and on screens. */
function withoutTokens(body: Answer['body']): Answer['body'] {
  const entries = Object.entries(body).map(([name, value]) =>
    name.endsWith('_token') ? [name, `${String(value).slice(0, 6)}…`] : [name, value],
  );
  return Object.fromEntries(entries);
}
