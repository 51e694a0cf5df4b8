import type { Context } from 'koa';
import { startSession } from 'routing-controllers-oauth2';

/** The session of a browser at the host; koa-session keeps it in a signed cookie. */
interface Session {
  readonly userId?: string;
  authenticatedAtMilliseconds?: number | undefined;
}

/** Who is signed in at the host, and since when. */
export function sessionOf(context: Context): Session {
  return (context as { session?: Session | null }).session ?? {};
}

/** Signs a user in, in a session that has nothing of the one before. */
export async function signIn(context: Context, userId: string, atMilliseconds: number | undefined): Promise<void> {
  await startSession(context, userId);
  (context as unknown as { session: Session }).session.authenticatedAtMilliseconds = atMilliseconds;
}
