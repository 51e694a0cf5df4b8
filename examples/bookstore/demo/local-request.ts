import type { Context } from 'koa';

const LOOPBACK_ADDRESS = /^(?:::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/;
const LOOPBACK_NAME = /^(?:localhost|127\.0\.0\.1|\[::1\])$/;

/** A proxy sets one of them, and then the connection says nothing about who asks. */
const FIELDS_OF_PROXIES = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

/** Whether a URL is one of this machine. */
export function isLoopbackUrl(url: string): boolean {
  return URL.canParse(url) && LOOPBACK_NAME.test(new URL(url).hostname);
}

/**
 * Whether a request comes from this machine and is meant for it. The name in its `Host` counts as well as its connection: a
 * foreign page can let a name of its own point to this machine, and would read the answer as its own (DNS rebinding).
 */
export function isLocal({ req, host }: Pick<Context, 'req' | 'host'>): boolean {
  const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';
  return (
    LOOPBACK_ADDRESS.test(req.socket.remoteAddress ?? '') &&
    LOOPBACK_NAME.test(name) &&
    FIELDS_OF_PROXIES.every((field) => req.headers[field] === undefined)
  );
}
