import { describe, expect, test } from '@jest/globals';
import { objectOf, runCli } from '../../support/cli/run-cli.js';

const TOKEN = 'aB3dEfGhIjKlMnOpQrStUvWxYz0123456789aB3dEf';
const DJANGO_HASH = `pbkdf2_sha256$600000$salt$${Buffer.alloc(32).toString('base64')}`;

/** A database that no usage error may ever touch. */
const DATABASE = ['--database', 'sqlite:/nonexistent/never-created.sqlite'];
const ISSUE = ['tokens', 'issue', '--client', 'c', '--scope', 'read'];
const CREATE = ['applications', 'create', '--name', 'demo'];

const CASES: readonly (readonly [args: readonly string[], says: string | RegExp])[] = [
  // No shell hands one on, but a caller of the command line in the same process may.
  [['routes', '--', 'controllers\0.js'], 'argument 3 holds a NUL character'],
  [['migrat'], "unknown command 'migrat' (Did you mean migrate?)"],
  [['tokens', 'isue'], "unknown command 'isue' (Did you mean issue?)"],
  [['migrate', '--statu'], "unknown option '--statu' (Did you mean --status?)"],
  [['migrate', '-pswordfish'], "unknown option '-p***'"],
  [['migrate', '--status', '--rollback'], "option '--status' cannot be used with option '--rollback'"],
  [['migrate', 'now'], "too many arguments for 'migrate'"],
  [['applications', 'create'], "required option '--name <name>' not specified"],
  [['applications', 'create', '--name'], "option '--name <name>' argument missing"],
  [['applications', 'create', '--name', '--public'], 'write --name=--public if that is the value'],
  [['applications', 'create', '--name', ' '], 'The option --name cannot be " ": Give 1 to 255 characters'],
  [[...CREATE, '--grants', 'password'], /--grants cannot be a string: .*Allowed are client_credentials/],
  [[...CREATE, '--grants', ''], 'It names no grant type. Allowed are client_credentials'],
  [[...CREATE, '--scopes', ''], 'omit the option to allow all scopes'],
  [[...CREATE, '--scopes', 'read,write'], 'The option --scopes cannot be a string: Separate scopes by spaces'],
  [[...CREATE, '--scopes', 'a"b'], 'is not a scope name'],
  [[...CREATE, '--redirect-uris', '/callback'], /--redirect-uris \(URI 1\) cannot be .*: not an absolute URI/],
  [[...CREATE, '--client-id', 'a b'], 'The option --client-id cannot be "a b": Give 1 to 255 printable ASCII'],
  [[...CREATE, '--public'], '--public: a public application cannot have the grant client_credentials'],
  [[...CREATE, '--grants', 'authorization_code'], '--grants authorization_code needs --redirect-uris'],
  [[...CREATE, '--redirect-uris', 'http://app.example/cb'], 'http is for loopback addresses only'],
  [[...CREATE, '--redirect-uris', 'https://app.example/cb#x'], 'a redirect URI has no fragment'],
  [[...CREATE, '--redirect-uris', 'javascript:alert(1)'], 'this scheme is never allowed, use https'],
  [
    [...CREATE, '--grants', 'authorization_code', '--redirect-uris', 'https://a.example/cb myapp://cb'],
    /--redirect-uris \(URI 2, myapp:\) cannot be .* Or give --public --redirect-schemes myapp\.$/m,
  ],
  [[...CREATE, '--id-token-alg', 'HS256'], '--id-token-alg cannot be a string: Give RS256 or ES256.'],
  [[...CREATE, '--redirect-schemes', 'myapp javascript'], 'it opens something other than an application'],
  [
    [...CREATE, '--redirect-uris', 'com.example.app:/cb'],
    'is for public applications only, use https. Or give --public',
  ],
  [[...CREATE, '--secret-hash', TOKEN], '--secret-hash is not in the format that Django stores'],
  [[...CREATE, '--secret-hash', DJANGO_HASH, '--jwks-uri', 'https://a.example/jwks'], 'has no secret'],
  [['applications', 'rotate-secret'], "missing required argument 'client_id'"],
  [['keys', 'rotat'], "unknown command 'rotat' (Did you mean rotate?)"],
  [['keys', 'rotate', '--key', TOKEN], "unknown option '--key'"],
  [['applications', 'delete'], "missing required argument 'client_id'"],
  [['tokens', 'issue', '--scope', 'read'], "required option '--client <client_id>' not specified"],
  [['tokens', 'issue', '--client', 'c'], "required option '--scope <scopes>' not specified"],
  [['tokens', 'issue', '--client', '', '--scope', 'read'], 'The option --client cannot be ""'],
  [[...ISSUE, '--user', ''], 'The option --user cannot be ""'],
  [[...ISSUE, '--scope', 'a,b'], 'Separate scopes by spaces, not by commas.'],
  [[...ISSUE, '--lifetime', '1h'], 'The option --lifetime cannot be "1h": Give a whole number from'],
  [[...ISSUE, '--lifetime', '1.5'], 'The option --lifetime cannot be "1.5"'],
  [[...ISSUE, '--lifetime', '9999999999'], 'The option --lifetime cannot be a string'],
  [[...ISSUE, '--resource', 'api'], 'The option --resource cannot be "api": Give an absolute URI'],
  [['tokens', 'inspect'], "missing required argument 'token'"],
  [
    ['tokens', 'inspect', 'abc', '--resource', 'https://a/#b'],
    'The option --resource cannot be a URL of the scheme https',
  ],
  [['tokens', 'revoke'], 'Give either a token, or whose tokens to revoke'],
  [['tokens', 'revoke', TOKEN, TOKEN], "too many arguments for 'revoke'. Expected 1 argument but got 2."],
  [['tokens', 'revoke', TOKEN, '--key-prefix', ''], 'The option --key-prefix cannot be ""'],
  [
    ['tokens', 'clear-expired', '--batch-size', '0'],
    'The option --batch-size cannot be "0": Give a whole number from 1 to 10000',
  ],
  [
    ['tokens', 'clear-expired', '--pause', '-1'],
    'The option --pause cannot be "-1": Give a whole number from 0 to 60000',
  ],
  [['routes'], "missing required argument 'app module'"],
  [
    ['applications', 'list', '--redis', 'memcached://cache'],
    'The option --redis (or REDIS_URL) cannot be a string: write redis://host:6379',
  ],
  [['applications', 'list', '--redis', ''], 'The option --redis cannot be ""'],
];

describe.each(CASES)('%j', (args, says) => {
  test('is a usage error: exit code 2, one line on stderr, nothing on stdout', async () => {
    const { code, stdout, stderr } = await runCli([...args, ...DATABASE]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^rc-oauth2: [^\n]+\n$/);
    if (typeof says === 'string') expect(stderr).toContain(says);
    else expect(stderr).toMatch(says);
    expect(stderr).not.toContain(TOKEN);
  });
});

describe('with --json', () => {
  test.each([
    [['migrate', '--statu']],
    [['applications', 'create', '--name']],
    [['tokens']],
    [['applications', 'list', '--database', '']],
  ])('%j is one JSON object on stderr, nothing on stdout', async (args) => {
    const { code, stdout, stderr } = await runCli(['--json', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(objectOf(stderr)).toEqual({ error: 'usage_error', error_description: expect.any(String) });
  });
});

describe('the database', () => {
  const NO_DATABASE: readonly Record<string, string>[] = [{}, { DATABASE_URL: '' }];

  test.each(NO_DATABASE)('missing, the error tells how to give it: %j', async (env) => {
    const { code, stdout, stderr } = await runCli(['applications', 'list'], { env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('no database given; use --database <url> or set DATABASE_URL');
  });

  test.each([
    ['mongodb://root:hunter22@db/shop', 'cannot be a URL of the scheme mongodb'],
    ['mysql://root:hunter22@db', 'contains no database'],
    ['mysql://root:hunter22@db:port/shop', 'is not a URL'],
    ['mysql://root:hunter22%@db/shop', 'broken percent-escape'],
    ['mysql://root:hunter22@db/shop?nope=1', 'unknown parameter "nope"'],
    ['sqlite:', 'contains no file'],
  ])('%s is refused without its password', async (url, says) => {
    const calls: readonly (readonly [string[], Record<string, string>])[] = [
      [['--database', url], {}],
      [[`--database=${url}`], {}],
      [[], { DATABASE_URL: url }],
    ];
    for (const [args, env] of calls) {
      const { code, stdout, stderr } = await runCli(['applications', 'list', ...args], { env });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(says);
      expect(stderr).toContain('--database (or DATABASE_URL)');
      expect(stderr).not.toContain('hunter22');
    }
  });
});
