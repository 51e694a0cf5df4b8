import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type RunningAuthorizationServer, startAuthorizationServer } from '../../support/authorization-server.js';
import { objectOf, resultOf, runCli } from '../../support/cli/run-cli.js';
import { UserAgent } from '../../support/user-agent.js';

describe('sessions of browsers', () => {
  let server: RunningAuthorizationServer;
  let env: Record<string, string>;

  beforeAll(async () => {
    server = await startAuthorizationServer('sqlite');
    env = { DATABASE_URL: server.databaseUrl };
  });

  afterAll(() => server?.close());

  async function signedIn(user: string): Promise<UserAgent> {
    const agent = new UserAgent(server.url, { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0) Firefox/130.0' });
    const page = await agent.get('/oauth2/sign-in');
    await agent.submit(page, { username: user, password: [...user].reverse().join('') });
    return agent;
  }

  const isSignedIn = async (agent: UserAgent) =>
    (await agent.get('/oauth2/authorized-applications')).body.includes('Signed in as');

  test('[AS-57 §7.4.5] list shows where a user is signed in, end ends one of them or all', async () => {
    const [one, two, bob] = [await signedIn('alice'), await signedIn('alice'), await signedIn('bob')];
    const listed = resultOf(await runCli(['sessions', 'list', '--user', 'alice', '--json'], { env }));
    const sessions = listed.sessions as { readonly id: string }[];
    const session = {
      id: expect.stringMatching(/^[\w-]{43}$/),
      user_id: 'alice',
      begun_at: expect.stringMatching(/^\d{4}-.*Z$/),
      last_seen_at: expect.any(String),
      expires_at: expect.any(String),
      browser: 'Firefox on Windows',
      address: '127.0.0.1',
    };
    expect(sessions).toEqual([session, session]);
    const newest = sessions[0]?.id as string;
    expect(resultOf(await runCli(['sessions', 'end', '--json', '--', newest], { env }))).toEqual({ ended: 1 });
    expect([await isSignedIn(one), await isSignedIn(two)]).toEqual([true, false]);
    expect(resultOf(await runCli(['sessions', 'end', '--json', '--', newest], { env }))).toEqual({ ended: 0 });
    const ended = await runCli(['sessions', 'end', '--user', 'alice'], { env });
    expect([ended.code, ended.stdout]).toEqual([0, 'Ended: 1 session.\n']);
    expect([await isSignedIn(one), await isSignedIn(bob)]).toEqual([false, true]);
    const none = await runCli(['sessions', 'list', '--user', 'alice'], { env });
    expect([none.code, none.stdout]).toEqual([0, 'No sessions.\n']);
    const people = await runCli(['sessions', 'list', '--user', 'bob'], { env });
    expect(people.stdout).toMatch(
      /^ID +SIGNED_IN +LAST_SEEN +BROWSER +ADDRESS\n[\w-]{43} +\S+ +\S+ +Firefox on Windows +127\.0\.0\.1\n$/,
    );
  });

  test.each([
    [['sessions', 'end']],
    [['sessions', 'end', 'x'.repeat(43), '--user', 'alice']],
    [['sessions', 'end', 'too-short']],
    [['sessions', 'list']],
  ])('%j is a usage error', async (args) => {
    const finished = await runCli([...args, '--json'], { env });
    expect([finished.code, finished.stdout, objectOf(finished.stderr).error]).toEqual([2, '', 'usage_error']);
  });
});
