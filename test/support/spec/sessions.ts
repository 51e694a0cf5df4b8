import { call, type Reply } from './http.js';

/** A browser that has signed in. */
export interface SignedIn {
  readonly csrfToken: string;
  /** The `Cookie` field. */
  readonly cookie: string;
  readonly reply: Reply;
}

/** Signs a user of the bookstore in. */
export async function signIn(url: string, username: string, password: string): Promise<SignedIn> {
  const reply = await call(`${url}/session`, { method: 'POST', json: { username, password } });
  if (reply.status !== 200) throw new Error(`Signing in failed with ${reply.status}: ${reply.text}`);
  const { csrf_token: csrfToken } = reply.body as { csrf_token: string };
  return { csrfToken, cookie: cookieOf(reply), reply };
}

/** The cookies that a browser would keep. */
export function cookieOf({ headers }: Reply): string {
  return headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
}
