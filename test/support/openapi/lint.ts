import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const LINTER = resolve('node_modules/@redocly/cli/bin/cli.js');
const RULES = resolve('test/support/openapi/redocly.yaml');

/** What redocly finds in a document: the rule, its severity and where. Without network. */
export async function lint(document: unknown): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-openapi-'));
  const file = join(folder, 'openapi.json');
  try {
    await writeFile(file, JSON.stringify(document, undefined, 1));
    const output = await run(['lint', file, '--config', RULES, '--format', 'json', '--max-problems', '50']);
    const { problems } = JSON.parse(output) as {
      problems: { ruleId: string; severity: string; message: string; location: { pointer?: string }[] }[];
    };
    return problems.map(
      ({ ruleId, severity, message, location }) => `${severity} ${ruleId} ${location[0]?.pointer}: ${message}`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(parameters: readonly string[]): Promise<string> {
  const env = { ...process.env, NODE_OPTIONS: '', REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  return new Promise((done, failed) => {
    execFile(process.execPath, [LINTER, ...parameters], { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      // It ends with 1 if there are errors, which are in its output.
      if (stdout.trim().startsWith('{')) done(stdout);
      else failed(error ?? new Error(stderr));
    });
  });
}
