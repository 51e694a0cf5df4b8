import { ConfigurationError, OAuth2Error } from 'routing-controllers-oauth2';
import { createBookstore } from './bookstore.js';
import { DOCS_PATH } from './demo/applications.js';
import { type EncryptionKeys, encryptionKeys } from './encryption-keys.js';
import { Listener } from './listener.js';
import { Metrics } from './metrics.js';
import { issuerOf, readSettings, type Settings } from './settings.js';

/** Exit codes: a failed start, and an invalid environment. */
const FAILED = 1;
const UNUSABLE = 2;

async function main(): Promise<void> {
  const stop = stopSignal();
  const settings = readSettings(process.env);
  const keys = await encryptionKeys(settings);
  const listener = new Listener();
  try {
    // First, because the port may be chosen by the system, and the address is the issuer unless there is a public one.
    const url = await listener.listen(settings.port, settings.host);
    await run(settings, keys, listener, url, stop);
  } finally {
    listener.abort();
  }
}

async function run(
  settings: Settings,
  { keys, file }: EncryptionKeys,
  listener: Listener,
  url: string,
  stop: Promise<void>,
): Promise<void> {
  const issuer = issuerOf(settings, url);
  const bookstore = createBookstore(settings, { issuer, url, encryptionKeys: keys });
  const metrics = settings.metrics && new Metrics(bookstore.oauth2);
  try {
    await bookstore.prepareDatabase();
    const lines = await bookstore.live.lines();
    await bookstore.oauth2.ready();
    // First, so that a port in use ends the start before the bookstore answers.
    const metricsUrl = settings.metrics && (await metrics?.listen(settings.metrics));
    listener.serve(bookstore.createApp().callback());
    if (metricsUrl !== undefined) console.log(`Metrics are at ${metricsUrl}`);
    console.log(`Bookstore listens on ${url}`);
    console.log(`Sign in as alice with wonderland, and give the demo application access: ${issuer}/demo`);
    console.log(`What the API has, and a page to try it: ${issuer}${DOCS_PATH}`);
    if (file !== undefined) console.log(`The encryption key is kept in ${file}; OAUTH2_ENCRYPTION_KEYS replaces it.`);
    console.log(`\n${lines.join('\n')}`);
    await stop;
    await listener.stop();
  } finally {
    metrics?.close();
    await bookstore.close();
  }
}

/** Resolves when the process is asked to stop. A second signal ends it immediately. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

/** One line for the operator, with more details than the caller gets. */
function reasonOf(error: unknown): string {
  if (error instanceof OAuth2Error) return error.details.detail ?? reasonOf(error.details.cause ?? error.message);
  return error instanceof Error ? error.message : String(error);
}

main().catch((error: unknown) => {
  console.error(`The bookstore cannot run: ${reasonOf(error)}`);
  process.exitCode = error instanceof ConfigurationError ? UNUSABLE : FAILED;
});
