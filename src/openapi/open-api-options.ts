import type { RoutingControllersOptions } from 'routing-controllers';
import { knownOptions, listOption, objectOption, optionPath, refuseOption, textOption } from '../core/options/index.js';
import type { OpenApiInfo } from './document.js';

/** Options of a document. */
export interface OpenApiOptions {
  /** The option `routePrefix` of routing-controllers, if the application has one. */
  readonly routePrefix?: string | undefined;
  /** The option `defaults` of routing-controllers, if the application has one. */
  readonly defaults?: RoutingControllersOptions['defaults'] | undefined;
  /** Where the interface is (Server Objects). Default: where the document is, `[{ url: '/' }]`. */
  readonly servers?:
    | readonly {
        /** The address, absolute or relative to that of the document. */
        readonly url: string;
        /** What it is for. */
        readonly description?: string | undefined;
      }[]
    | undefined;
  /** The name of the cookie of `session()`. Default: that of koa-session, `koa.sess`. */
  readonly sessionCookie?: string | undefined;
}

const OPTIONS = [
  'routePrefix',
  'defaults',
  'servers',
  'sessionCookie',
] as const satisfies readonly (keyof OpenApiOptions)[];
const INFO = [
  'title',
  'version',
  'summary',
  'description',
  'termsOfService',
  'contact',
  'license',
] as const satisfies readonly (keyof OpenApiInfo)[];

/** @throws ConfigurationError if title or version is missing, or another member is unknown */
export function readOpenApiInfo(path: string, given: OpenApiInfo): OpenApiInfo {
  const info = knownOptions<OpenApiInfo>(
    path,
    given,
    INFO,
    "give an object such as { title: 'Shop', version: '1.0.0' }",
  );
  for (const name of ['title', 'version'] as const) textOption(optionPath(path, name), info[name]);
  for (const name of ['summary', 'description', 'termsOfService'] as const) {
    if (info[name] !== undefined) textOption(optionPath(path, name), info[name]);
  }
  for (const name of ['contact', 'license'] as const) {
    if (info[name] !== undefined) objectOption(optionPath(path, name), info[name], 'give an object');
  }
  return info;
}

/** @throws ConfigurationError if an option is unknown or has the wrong type */
export function readOpenApiOptions(path: string, given: OpenApiOptions): OpenApiOptions {
  const options = knownOptions<OpenApiOptions>(path, given, OPTIONS);
  const { routePrefix, servers, sessionCookie } = options;
  if (routePrefix !== undefined) textOption(optionPath(path, 'routePrefix'), routePrefix);
  if (sessionCookie !== undefined) textOption(optionPath(path, 'sessionCookie'), sessionCookie);
  if (servers === undefined) return options;
  const at = optionPath(path, 'servers');
  const fix = "give a list such as [{ url: 'https://api.example.com' }]";
  const list = listOption(at, servers, fix);
  if (list.length === 0) refuseOption(at, list, fix);
  list.forEach((one, index) => {
    const url = (objectOption(optionPath(at, index), one, fix) as { url?: unknown } | undefined)?.url;
    textOption(optionPath(optionPath(at, index), 'url'), url);
  });
  return options;
}

/** The option `openApi`: our entry serves the document of the controllers that it serves. */
export interface ServedOpenApi extends Pick<OpenApiOptions, 'servers' | 'sessionCookie'> {
  /** The path of the document. Default `/openapi.json`. */
  readonly path?: string | undefined;
  /** Title and version of the interface, at least. */
  readonly info: OpenApiInfo;
}

const SERVED = ['path', 'info', 'servers', 'sessionCookie'] as const satisfies readonly (keyof ServedOpenApi)[];

/** @throws ConfigurationError if a part of the option `openApi` is missing, unknown or of the wrong type */
export function readServedOpenApi(given: ServedOpenApi): ServedOpenApi {
  const name = 'openApi';
  const fix = "give an object such as { info: { title: 'Shop', version: '1.0.0' } }";
  const { path, info, ...rest } = knownOptions<ServedOpenApi>(name, given, SERVED, fix);
  if (path !== undefined && (typeof path !== 'string' || !/^(\/[A-Za-z0-9._~-]+)+$/.test(path))) {
    refuseOption(optionPath(name, 'path'), path, "give a path without a slash at its end, e.g. '/openapi.json'");
  }
  const read = readOpenApiInfo(optionPath(name, 'info'), info);
  return { ...readOpenApiOptions(name, rest), info: read, ...(path !== undefined && { path }) };
}
