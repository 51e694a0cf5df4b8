import type { Context } from 'koa';
import type { Settings } from '../options/authorization-server-options.js';

/** Paths below the prefix through which a browser passes on its way to or from an application. */
const ON_THE_WAY = ['/authorize', '/interaction', '/continue', '/logout'];

/**
 * Sets header fields of every response, including redirects and refusals, before anything else.
 *
 * A document with `Cross-Origin-Opener-Policy: same-origin` is disconnected from a page of another origin that opened
 * it, and so is one with `same-origin-allow-popups`, which is meant for the opener (HTML §7.1.3). One redirect with
 * such a value is enough. Therefore the pages that an application's popup passes through have `unsafe-none`, as is
 * common for identity providers. It only lets the opener see whether the popup is closed, and navigate it elsewhere.
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
