import { refuseOption } from '../../core/options/index.js';
import { withoutSlash } from './path-shape.js';
import { isObject, type JsonObject } from './read-document.js';

/** A variable in the URL of a server: `{stage}`. */
const VARIABLE = /\{([^{}]+)\}/g;

/**
 * What comes before the paths of a document: the path of the URLs of its `servers` (OpenAPI 3.1 §4.8.5).
 *
 * @throws ConfigurationError if the servers have several paths, naming the option that says which
 */
export function serverPath(path: string, { servers }: JsonObject): string {
  const given = Array.isArray(servers) ? servers.filter(isObject) : [];
  const paths = new Set(given.map(pathOf));
  const [first = ''] = paths;
  if (paths.size > 1) {
    refuseOption(
      path,
      undefined,
      `the servers of the document have several paths (${[...paths].join(', ')}); give one`,
    );
  }
  return first;
}

function pathOf({ url, variables }: JsonObject): string {
  const named = isObject(variables) ? variables : {};
  const text = String(url).replace(VARIABLE, (whole, name: string) => {
    const variable = Object.hasOwn(named, name) ? named[name] : undefined;
    return isObject(variable) ? String(variable.default) : whole;
  });
  const base = 'http://server.invalid';
  const pathname = URL.canParse(text, base) ? new URL(text, base).pathname : '/';
  return pathname === '/' ? '' : withoutSlash(pathname);
}
