/** In which modes contenders are measured. */
import { CACHING_PEERS, JWT_PEERS, PEERS } from './contenders.mjs';

const UNREACHED = 1_000_000_000;

/**
 * `limit` requests an hour for each user, none without it. `statuses`: what each measured answer must be one of. `tokens` is
 * the file, of which the first ones are presented in turns (`hot`), or all, so that none comes again. `jwt` is the algorithm
 * where tokens are JWTs. `own` is the mode in which the same contender answers the same action with 200, which is
 * measured beside it. `also` are further statuses of a contender.
 */
export const MODES = {
  guard: {
    title: 'Guard only, hot tokens',
    ...{ baseline: 'ours', statuses: [200], tokens: 'opaque', hot: true },
    contenders: ['ours-again', 'ours-no-redis', 'http', 'koa', ...PEERS],
  },
  throttle: {
    title: 'Guard and throttle on Redis, hot tokens, never refused',
    ...{ baseline: 'ours', limit: UNREACHED, statuses: [200], tokens: 'opaque', hot: true },
    contenders: [
      ...['ours-again', 'ours-unthrottled', 'ours-redis-engine', 'ours-memory', 'fastify-lru-memory'],
      ...[...PEERS, 'fastify-lru-flexible'],
    ],
  },
  cold: {
    title: 'Guard only, cold tokens: each request another one, from the database',
    ...{ baseline: 'ours-no-redis', statuses: [200], tokens: 'opaque', hot: false },
    contenders: [
      ...['ours-no-redis-again', 'ours', 'express', 'nest-express', 'fastify', 'fastify-lru'],
      ...['koa-oauth2-server', 'by-hand', 'by-hand-redis'],
    ],
  },
  ...jwtModes('ES256', 'jwt-es256'),
  ...jwtModes('RS256', 'jwt-rs256'),
  'no-token': {
    title: '401: no token',
    ...{ baseline: 'ours', statuses: [401], tokens: 'none', hot: true, own: 'guard' },
    contenders: ['ours-again', ...CACHING_PEERS],
  },
  forged: {
    title: '401: made-up tokens, each request another one',
    ...{ baseline: 'ours', statuses: [401], tokens: 'forged', hot: true, own: 'guard' },
    // Its budget of failed authentications answers with 429 once an address has used it up.
    also: { ours: [429], 'ours-again': [429] },
    contenders: ['ours-again', 'ours-every-failure', ...CACHING_PEERS],
  },
  'no-scope': {
    title: '403: good tokens without the scope',
    ...{ baseline: 'ours', statuses: [403], tokens: 'scopeless', hot: true, own: 'guard' },
    contenders: ['ours-again', ...CACHING_PEERS],
  },
  limit: {
    title: '429: guard and throttle on Redis, hot tokens, over the limit',
    ...{ baseline: 'ours', limit: 1, statuses: [429], tokens: 'opaque', hot: true, own: 'throttle' },
    contenders: ['ours-again', 'ours-redis-engine', ...CACHING_PEERS, 'fastify-lru-flexible'],
  },
};

function jwtModes(jwt, name) {
  const common = { baseline: 'ours-jwt', statuses: [200], tokens: name, jwt };
  const contenders = ['ours-jwt-again', ...JWT_PEERS];
  return {
    [name]: { title: `JWT access tokens (${jwt}), hot`, ...common, hot: true, contenders },
    [`${name}-cold`]: {
      title: `JWT access tokens (${jwt}), cold: each request another one`,
      ...{ ...common, hot: false, contenders },
    },
  };
}

/** What an answer to this contender's load may be. */
export function statusesOf({ statuses, also }, contender) {
  return [...statuses, ...(also?.[contender] ?? [])];
}

/**
 * The rows to measure.
 *
 * @param modes names of modes; none for all
 * @param only names of contenders, or `mode/contender`; none for all
 */
export function rowsOf({ modes, only }) {
  const rows = Object.entries(MODES)
    .filter(([mode]) => modes.length === 0 || modes.includes(mode))
    .flatMap(([mode, { contenders }]) => contenders.map((contender) => ({ mode, contender })));
  for (const name of [...modes, ...only]) {
    const known =
      name in MODES || rows.some((row) => row.contender === name || `${row.mode}/${row.contender}` === name);
    if (!known) throw new Error(`"${name}" is in none of the chosen modes; --list tells what there is.`);
  }
  if (only.length === 0) return rows;
  return rows.filter(({ mode, contender }) => only.includes(contender) || only.includes(`${mode}/${contender}`));
}

/** Rows of one mode that are measured side by side, with its baseline. */
export function groupsOf(rows, size) {
  const groups = [];
  for (const { mode, contender } of rows) {
    const last = groups.at(-1);
    if (last?.mode === mode && last.contenders.length < size) last.contenders.push(contender);
    else groups.push({ mode, contenders: [contender] });
  }
  return groups;
}
