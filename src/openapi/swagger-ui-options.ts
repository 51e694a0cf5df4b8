import { knownOptions, listOption, optionPath, refuseOption, textOption } from '../core/options/index.js';
import { declaredScopes } from '../core/scopes.js';

/** The options of `swaggerUi`. */
export interface SwaggerUiOptions {
  /** The path of the page. Default `/docs`. */
  readonly path?: string | undefined;
  /** The path or the https URL of the OpenAPI document. Default `/openapi.json`. */
  readonly document?: string | undefined;
  /** The title of the page. Default: `API`. */
  readonly title?: string | undefined;
  /**
   * The public application by which people sign in at the page, with the redirect URI `<origin><path>/oauth2-redirect.html` and the
   * grant `authorization_code`. Default: people enter one.
   */
  readonly clientId?: string | undefined;
  /** Scopes that are chosen already in the dialog. Default: none. */
  readonly scopes?: readonly string[] | undefined;
  /**
   * Other origins that the page may send requests to: that of an authorization server, or of the interface. They must answer
   * with CORS fields. Default: none.
   */
  readonly connectTo?: readonly string[] | undefined;
}

/** The same, checked. */
export interface ReadSwaggerUiOptions {
  readonly path: string;
  readonly document: string;
  readonly title: string;
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  readonly connectTo: readonly string[];
}

export const SWAGGER_UI = 'swaggerUi';
const NAMES = [
  'path',
  'document',
  'title',
  'clientId',
  'scopes',
  'connectTo',
] as const satisfies readonly (keyof SwaggerUiOptions)[];
const PATH = /^(?:\/[A-Za-z0-9._~-]+)+$/;

/** @throws ConfigurationError if an option is unknown, or of the wrong type */
export function readSwaggerUiOptions(given: SwaggerUiOptions): ReadSwaggerUiOptions {
  const options = knownOptions<SwaggerUiOptions>(SWAGGER_UI, given, NAMES);
  const { path = '/docs', document = '/openapi.json', title = 'API', clientId, scopes = [], connectTo = [] } = options;
  const at = (name: keyof SwaggerUiOptions) => optionPath(SWAGGER_UI, name);
  if (!PATH.test(path)) refuseOption(at('path'), path, "give a path without a slash at its end, e.g. '/docs'");
  if (!PATH.test(document) && originOf(document) === undefined) {
    refuseOption(at('document'), document, "give a path such as '/openapi.json', or an https URL");
  }
  textOption(at('title'), title);
  if (clientId !== undefined) textOption(at('clientId'), clientId);
  const origins = listOption(at('connectTo'), connectTo, "give a list of origins, e.g. ['https://login.example.com']");
  return {
    path,
    document,
    title,
    clientId,
    scopes: declaredScopes(
      listOption(at('scopes'), scopes, "give a list of scopes, e.g. ['books:read']"),
      at('scopes'),
    ),
    connectTo: origins.map((origin, index) => {
      const read = originOf(origin);
      if (read !== undefined && read === origin) return read;
      return refuseOption(
        optionPath(at('connectTo'), index),
        origin,
        "give an origin, e.g. 'https://login.example.com'",
      );
    }),
  };
}

/** `undefined` for anything but a URL of the web. */
function originOf(url: unknown): string | undefined {
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
  const { protocol, origin } = new URL(url);
  return protocol === 'https:' || protocol === 'http:' ? origin : undefined;
}
