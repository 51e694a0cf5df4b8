import { ConfigurationError, OAuth2Error } from 'routing-controllers-oauth2';

/** Exit codes: a start that failed, and an environment that cannot be. */
const FAILED = 1;
const UNUSABLE = 2;

async function main(): Promise<void> {
  // Not imported above, so that a mistake in the environment is told in one line.
  const { close, createApp, oauth2, prepareDatabase, settings } = await import('./app.js');
  const { curlLines, issueDemoTokens } = await import('./demo.js');
  const { Listener } = await import('./listener.js');
  const stop = stopSignal();
  try {
    await prepareDatabase();
    const tokens = await issueDemoTokens(oauth2);
    await oauth2.ready();
    const listener = new Listener(createApp().callback());
    const url = await listener.listen(settings.port, settings.host);
    console.log(`Bookstore listens on ${url}`);
    console.log(`\n${curlLines(url, tokens).join('\n')}`);
    await stop;
    await listener.stop();
  } finally {
    await close();
  }
}

/** Resolves when the process is asked to stop. A second signal ends it at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

/** One line for whoever started it. What a caller is told of a refusal is less than what is known here. */
function reasonOf(error: unknown): string {
  if (error instanceof OAuth2Error) return error.details.detail ?? reasonOf(error.details.cause ?? error.message);
  return error instanceof Error ? error.message : String(error);
}

main().catch((error: unknown) => {
  console.error(`The bookstore cannot run: ${reasonOf(error)}`);
  process.exitCode = error instanceof ConfigurationError ? UNUSABLE : FAILED;
});
