import { describe, expect, test } from '@jest/globals';
import { CliCommand } from '../../../src/cli/cli-command.js';

const TOKEN = 'aB3dEfGhIjKlMnOpQrStUvWxYz0123456789aB3dEf';

/** Parses as `rc-oauth2 tokens revoke`, with one more option that takes a value. */
function parse(argv: string[]) {
  const seen: { token?: string; options?: Record<string, unknown>; global?: unknown } = {};
  const program = new CliCommand('program').enablePositionalOptions().exitOverride();
  program.configureOutput({ outputError: () => {}, writeErr: () => {} });
  const group = program.command('tokens').enablePositionalOptions() as CliCommand;
  group
    .command('revoke')
    .argument('<token>')
    .option('--name <name>')
    .action((token: string, options: Record<string, unknown>, command: CliCommand) => {
      Object.assign(seen, { token, options, global: command.globalOptions() });
    });
  group
    .command('clear')
    .option('--pause <n>')
    .action((options: Record<string, unknown>, command: CliCommand) => {
      Object.assign(seen, { options, global: command.globalOptions() });
    });
  program.parse(argv, { from: 'user' });
  return seen;
}

describe('an argument that begins with a hyphen', () => {
  test.each([['-abc'], ['-habc'], [`-${TOKEN}`], [`--${TOKEN}`], ['-1'], ['-60abc']])(
    '%s is taken as the token',
    (token) => {
      expect(parse(['tokens', 'revoke', token]).token).toBe(token);
      expect(parse(['tokens', 'revoke', token, '--json']).token).toBe(token);
      expect(parse(['tokens', 'revoke', '--json', token]).token).toBe(token);
    },
  );

  test.each(['-abc', '--abc', '-h', '--json', '--', '-'])('behind -- even %s is the token', (token) => {
    expect(parse(['tokens', 'revoke', '--json', '--', token])).toMatchObject({ token, global: { json: true } });
  });

  test('a short flag that does not exist is an unknown option', () => {
    expect(() => parse(['tokens', 'revoke', '-x', 'abc'])).toThrow("unknown option '-x'");
    expect(() => parse(['tokens', 'revoke', '--jsn', 'abc'])).toThrow("unknown option '--jsn'");
  });

  test('without an argument to take it, it is an unknown option', () => {
    expect(() => parse(['tokens', 'clear', '-abc'])).toThrow("unknown option '-abc'");
  });

  test('two tokens are one too many, and neither is in the message', () => {
    expect(() => parse(['tokens', 'revoke', `-${TOKEN}`, `-${TOKEN}`])).toThrow(
      /^error: too many arguments for 'revoke'\. Expected 1 argument but got 2\.$/,
    );
  });
});

describe('the value of an option', () => {
  test.each([
    [['--name', '-60'], '-60'],
    [['--name=-60'], '-60'],
    [['--name', '-abc'], '-abc'],
    [['--name=--json'], '--json'],
    [['--name', 'a=b'], 'a=b'],
    [['--name='], ''],
  ])('%j is %j', (argv, value) => {
    expect(parse(['tokens', 'revoke', 'abc', ...argv]).options).toMatchObject({ name: value });
  });

  test('is not another option', () => {
    expect(() => parse(['tokens', 'revoke', 'abc', '--name', '--json'])).toThrow(
      "option '--name <name>' argument missing; write --name=--json if that is the value",
    );
  });

  test('is not the end of the line', () => {
    expect(() => parse(['tokens', 'revoke', 'abc', '--name'])).toThrow("option '--name <name>' argument missing");
  });
});

describe('global options', () => {
  test.each([
    [['--database', 'x', '--json', 'tokens', 'clear']],
    [['tokens', '--database', 'x', '--json', 'clear']],
    [['tokens', 'clear', '--database', 'x', '--json']],
    [['--json', 'tokens', 'clear', '--database=x']],
  ])('stand anywhere: %j', (argv) => {
    expect(parse(argv).global).toMatchObject({ database: 'x', json: true });
  });

  test('the nearest to the end of the line counts', () => {
    expect(parse(['--database', 'a', 'tokens', 'clear', '--database', 'b']).global).toMatchObject({ database: 'b' });
  });
});
