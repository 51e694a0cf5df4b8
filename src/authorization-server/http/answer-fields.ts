import type { Context } from 'koa';
import type { Settings } from '../options/authorization-server-options.js';

/** Below the prefix: where a browser is on its way to or from an application. */
const ON_THE_WAY = ['/authorize', '/interaction', '/continue', '/logout'];

/**
 * Header fields of every answer, also of redirects and refusals, set before anything else is.
 *
 * A document with `Cross-Origin-Opener-Policy: same-origin` is cut off from a page of another origin that opened it, and
 * so is one with `same-origin-allow-popups`, which is for the page that opens (HTML §7.1.3). It is enough that a redirect
 * on the way has one of them. So what a popup of an application passes through has `unsafe-none`, as identity providers
 * commonly do; what the opener gets by it is to see whether the popup is closed, and to navigate it elsewhere.
 */
export function answerFields(
  settings: Pick<Settings, 'prefix' | 'popups' | 'strictTransportSecurity'>,
): (context: Context) => void {
  const { strictTransportSecurity, popups } = settings;
  const paths = ON_THE_WAY.map((path) => settings.prefix + path);
  const isOnTheWay = (path: string) => paths.some((one) => path === one || path.startsWith(`${one}/`));
  return ({ res, path }) => {
    if (strictTransportSecurity !== undefined && !res.hasHeader('Strict-Transport-Security')) {
      res.setHeader('Strict-Transport-Security', strictTransportSecurity);
    }
    const isConnected = popups && isOnTheWay(path);
    res.setHeader('Cross-Origin-Opener-Policy', isConnected ? 'unsafe-none' : 'same-origin');
  };
}
