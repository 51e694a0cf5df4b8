/** wrk, one thread on one core. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onCore } from './affinity.mjs';
import { USERS } from './users.mjs';

const SCRIPT = fileURLToPath(new URL('./wrk.lua', import.meta.url));
const PATH = '/resource';

/**
 * Keeps a request under way on every connection, and looks at every answer.
 *
 * @param load.tokens the file, the length of a token, the first one to use, and how many
 * @param load.statuses what each answer must be one of
 * @returns `requests`, `perSecond`, `p50`, `p99` in milliseconds
 * @throws Error if one answer was wrong, or a connection broke
 */
export async function wrk({ label, port, tokens, statuses, connections, seconds, core }) {
  const [command, ...parameters] = onCore(core, [
    ...[
      'wrk',
      '-t1',
      `-c${connections}`,
      `-d${seconds}s`,
      '--timeout',
      '15s',
      '-s',
      SCRIPT,
      `http://127.0.0.1:${port}`,
    ],
    ...['--', tokens.file, tokens.length, tokens.first, tokens.count, statuses.join(','), PATH, USERS].map(String),
  ]);
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  const [code] = await once(child, 'close');
  const output = Buffer.concat(chunks).toString();
  const told = /^RESULT (.*)$/m.exec(output)?.[1];
  if (code !== 0 || told === undefined) throw new Error(`wrk ended with ${code}: ${output}`);
  const result = JSON.parse(told);
  if (result.requests === 0) throw new Error(`"${label}" answered nothing.`);
  if (result.wrong > 0) {
    throw new Error(
      `"${label}": ${result.wrong} of ${result.checked} answers were wrong, first ${result.wrongStatus} ${result.wrongBody}`,
    );
  }
  if (result.socketErrors > 0) throw new Error(`"${label}": ${result.socketErrors} connections broke or timed out.`);
  if (result.checked < result.requests) throw new Error(`"${label}": not every answer was looked at.`);
  return {
    requests: result.requests,
    perSecond: result.requests / (result.microseconds / 1e6),
    p50: result.p50 / 1000,
    p99: result.p99 / 1000,
  };
}

/**
 * What a server is asked next. Hot tokens are presented in turns; of the others each only once, so a slice goes on where the
 * last one has ended.
 *
 * @param load `label`, `statuses`, `connections` and `core` as for `wrk`
 * @param file one of the token files
 * @param hot whether tokens come again
 */
export function loadOf(load, file, hot) {
  let first = 0;
  return {
    /** How many were not presented yet. */
    left: () => file.count - first,
    /** @throws Error if there are none left */
    next(seconds) {
      const count = hot ? file.hot : Math.min(file.count - first, Math.ceil(file.perSecond * seconds));
      if (count === 0 && file.length > 0) throw new Error(tooFew(load, file));
      return { ...load, seconds, tokens: { ...file, first, count } };
    },
    /** @throws Error if one was presented twice */
    spend(requests, { tokens: { count } }) {
      if (hot) return;
      if (requests > count) throw new Error(tooFew(load, file));
      first += Math.min(count, requests + load.connections);
    },
  };
}

function tooFew({ label }, { count, option }) {
  return `"${label}" needs more than the ${count} tokens of --${option}.`;
}
