/** Whether a contender does the work that it is measured at: refuses what must be refused, and answers as all do. */
import { userAt } from './users.mjs';

const PATH = '/resource';

/**
 * @param mode one of MODES
 * @param tokens `first`, tokens that are measured, and `refused`, others by the reason
 * @param contender `unguarded` if it looks at no token, `unthrottled` if it counts nothing, whatever the mode
 * @throws Error at the first wrong answer
 */
export async function checkConformance({ port, label }, mode, { first, refused }, contender) {
  const ask = (token) => answer(port, token);
  const expect = (what, { status, body }, wanted) => {
    if (status === wanted) return;
    throw new Error(`"${label}" answers ${status} to ${what}, not ${wanted}: ${body.slice(0, 200)}`);
  };
  if (contender.unguarded) {
    const given = await ask(first[0]);
    expect('a request', given, 200);
    requireBody(label, given, userAt(0));
    return;
  }
  expect('no token', await ask(undefined), 401);
  for (const [reason, token] of Object.entries(refused)) {
    expect(`a token that is ${reason}`, await ask(token), reason === 'without the scope' ? 403 : 401);
  }
  const known = mode.limit === 1 ? first : first.slice(0, 3);
  for (const [index, token] of known.entries()) {
    const given = await ask(token);
    expect('a good token', given, 200);
    requireBody(label, given, userAt(index));
    if (mode.limit !== undefined && !contender.unthrottled) requireFields(label, given);
    if (mode.limit === 1) await requireRefusal(label, await ask(token), expect);
  }
}

/** @throws Error if a caller over the limit is not told when to come again; NestJS tells nothing else then */
function requireRefusal(label, over, expect) {
  expect('a second request', over, 429);
  if (!(Number(over.headers.get('retry-after')) >= 1)) throw new Error(`"${label}" does not tell when to come again.`);
}

function requireFields(label, { headers }) {
  if ([...headers.keys()].some((name) => name.includes('ratelimit'))) return;
  throw new Error(`"${label}" tells nothing of its limit.`);
}

function requireBody(label, { body, headers }, user) {
  const wanted = `{"ok":true,"user":"${user}"}`;
  if (body !== wanted) throw new Error(`"${label}" answers ${body}, not ${wanted}`);
  if (!headers.get('content-type')?.startsWith('application/json')) throw new Error(`"${label}" does not say JSON.`);
}

/** Asks a server for the action. */
export async function answer(port, token) {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${port}${PATH}`, { headers, signal: AbortSignal.timeout(20_000) });
  return { status: response.status, headers: response.headers, body: await response.text() };
}
