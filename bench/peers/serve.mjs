/** One contender in a process of its own: `node serve.mjs '{"module": …, "entry": …, …}'`; talks to its parent by IPC. */
const { module, entry, ...settings } = JSON.parse(process.argv[2]);

// Nobody is left to serve.
process.on('disconnect', () => process.exit());

const { [entry]: start } = await import(new URL(`./contenders/${module}.mjs`, import.meta.url));
const { port, close } = await start(settings);
process.on('message', async (message) => {
  if (message === 'memory') return process.send({ bytes: usedBytes() });
  if (message !== 'close') return;
  await close();
  process.disconnect();
});
process.send({ port });

/** What is reachable; needs `--expose-gc`. */
function usedBytes() {
  for (let round = 0; round < 3; round += 1) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
