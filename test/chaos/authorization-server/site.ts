import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { sha256 } from '../../../src/core/digest.js';
import type { AccessToken, RefreshToken } from '../../../src/storage/index.js';
import { codeFor, REDIRECT_URI } from '../../support/authorization.js';
import {
  basic,
  type RunningAuthorizationServer,
  SCOPES,
  startAuthorizationServer,
  type TestClient,
} from '../../support/authorization-server.js';
import { bundle } from '../../support/bundle.js';
import { type DatabaseKind, freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';
import { UserAgent } from '../../support/user-agent.js';
import type { Serving, WorkerSettings } from './worker-protocol.js';

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What is stored of one family of tokens. */
export interface Family {
  readonly accessTokens: readonly AccessToken[];
  readonly refreshTokens: readonly RefreshToken[];
  /** How many of them are not revoked. */
  readonly live: number;
}

type Form = Readonly<Record<string, string>>;

/**
 * An authorization server of two processes that have nothing in common but the database, the configuration and, on
 * MariaDB, Redis. This process has the pages, where users say yes, and looks into the tables.
 */
export class Site {
  private constructor(
    private readonly here: RunningAuthorizationServer,
    private readonly client: TestClient,
    readonly processes: readonly [Serving, Serving],
    private readonly tidyUp: () => Promise<void>,
  ) {}

  static async start(kind: DatabaseKind): Promise<Site> {
    const encryptionKey = randomBytes(32).toString('base64url');
    const redis = kind === 'mariadb' ? { url: redisUrl(), keyPrefix: freshKeyPrefix() } : undefined;
    const worker = await bundle(new URL('worker.ts', import.meta.url), 'authorization-server-worker');
    const here = await startAuthorizationServer(kind, { options: { encryptionKeys: [encryptionKey] } });
    const client = await here.register({
      grantTypes: ['authorization_code', 'refresh_token', DEVICE_CODE],
      redirectUris: [REDIRECT_URI],
    });
    const settings: WorkerSettings = {
      databaseUrl: here.databaseUrl,
      issuer: here.url,
      scopes: SCOPES,
      encryptionKey,
      redis,
    };
    const children = Array.from({ length: 2 }, () =>
      fork(worker, [JSON.stringify(settings)], { execArgv: [], stdio: 'inherit' }),
    );
    const tidyUp = async () => {
      await Promise.all(children.map(end));
      await here.close();
      if (redis !== undefined) await removeKeys(redis.url, redis.keyPrefix);
      await rm(worker, { force: true });
    };
    try {
      const [first, second] = await Promise.all(children.map(serving));
      const site = new Site(here, client, [first as Serving, second as Serving], tidyUp);
      await site.warmUp();
      return site;
    } catch (error) {
      await tidyUp();
      throw error;
    }
  }

  async post(url: string, path: string, form: Form): Promise<Answer> {
    const response = await fetch(`${url}/oauth2/${path}`, {
      method: 'POST',
      headers: { authorization: basic(this.client) },
      body: new URLSearchParams(form),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
  }

  /** Asks the token endpoints for the same many times, half of it at each process, all at the same moment. */
  async everywhere(form: Form, count: number, at: keyof Serving = 'url'): Promise<Answer[]> {
    return Promise.all(
      Array.from({ length: count }, (_, index) =>
        this.post(this.processes[index % 2 === 0 ? 0 : 1][at], 'token', form),
      ),
    );
  }

  /** What a code is exchanged with; the code is new, and a user has said yes. */
  async code(): Promise<Form & { readonly code: string }> {
    const { code, verifier } = await codeFor(this.here, this.client);
    return { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: REDIRECT_URI };
  }

  /** What a device code is exchanged with; the user has said yes. */
  async deviceCode(): Promise<Form & { readonly device_code: string }> {
    const { body } = await this.post(this.processes[0].url, 'device_authorization', { scope: 'read' });
    const agent = new UserAgent(this.here.url);
    let visit = await agent.submit(await agent.get('/oauth2/device'), { user_code: String(body.user_code) });
    visit = await agent.submit(visit, { confirm: 'yes' });
    visit = await agent.submit(visit, { username: 'alice', password: 'ecila' });
    // The consent may be there from before.
    if (visit.body.includes('name="decision"')) await agent.submit(visit, { decision: 'allow' });
    return { grant_type: DEVICE_CODE, device_code: String(body.device_code) };
  }

  /** New tokens, issued by the first process. */
  async tokens(): Promise<{ readonly accessToken: string; readonly refreshToken: string }> {
    const { status, body } = await this.post(this.processes[0].url, 'token', await this.code());
    if (status !== 200) throw new Error(`There are no tokens: ${JSON.stringify(body)}`);
    return { accessToken: String(body.access_token), refreshToken: String(body.refresh_token) };
  }

  /** The status of the guarded action, at each process. */
  async guarded(token: string): Promise<number[]> {
    return Promise.all(
      this.processes.map(async ({ url }) => {
        const response = await fetch(`${url}/guarded`, { headers: { authorization: `Bearer ${token}` } });
        await response.arrayBuffer();
        return response.status;
      }),
    );
  }

  /** The row of a code. */
  async spent(code: Form): Promise<{ readonly familyId: string; readonly consumedAtMilliseconds: number | null }> {
    const { AuthorizationCode, DeviceCode } = this.here.oauth2.models;
    const row =
      code.code === undefined
        ? await DeviceCode.query().findOne('device_code_hash', sha256(String(code.device_code)))
        : await AuthorizationCode.query().findOne('code_hash', sha256(code.code));
    return { familyId: String(row?.familyId), consumedAtMilliseconds: row?.consumedAtMilliseconds ?? null };
  }

  async familyOf(refreshToken: string): Promise<string> {
    const row = await this.here.oauth2.models.RefreshToken.query().findOne('token_hash', sha256(refreshToken));
    return String(row?.familyId);
  }

  async family(familyId: string): Promise<Family> {
    const { AccessToken, RefreshToken } = this.here.oauth2.models;
    const accessTokens = await AccessToken.query().where('family_id', familyId);
    const refreshTokens = await RefreshToken.query().where('family_id', familyId);
    const live = [...accessTokens, ...refreshTokens].filter(
      ({ revokedAtMilliseconds }) => revokedAtMilliseconds === null,
    ).length;
    return { accessTokens, refreshTokens, live };
  }

  stop(): Promise<void> {
    return this.tidyUp();
  }

  /** So that of what comes at the same moment, one process is not late because it first reads keys and connects. */
  private async warmUp(): Promise<void> {
    const unknown = { grant_type: 'refresh_token', refresh_token: 'unknown' };
    await this.everywhere(unknown, 50);
    await this.everywhere(unknown, 2, 'strictUrl');
  }
}

async function serving(child: ChildProcess): Promise<Serving> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('The process ended before it served.');
  });
  const [message] = await Promise.race([once(child, 'message'), ended]);
  return message as Serving;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
