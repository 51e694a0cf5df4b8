/** A parameter in a path. */
export interface PathParameter {
  readonly name: string;
  /** The regular expression that its text matches, as the route has it; `undefined`: any text without a slash. */
  readonly pattern: string | undefined;
}

/** A path of a document, such as `/books/{id}`. */
export interface RoutePath {
  readonly template: string;
  readonly parameters: readonly PathParameter[];
}

/** A route with more optional parameters would have too many paths. */
const MOST_OPTIONAL = 3;

const PARAMETER = /^:([A-Za-z0-9_]+)/;

type Part = { readonly text: string } | (PathParameter & { readonly prefix: string; readonly optional: boolean });

/**
 * The paths of a route of routing-controllers, as path-to-regexp 6 reads it: one, or several if parameters are optional.
 *
 * @returns `undefined` if paths cannot express it: repeated parameters, groups in braces, a regular expression
 */
export function pathsOf(route: string | RegExp): readonly RoutePath[] | undefined {
  if (typeof route !== 'string') return undefined;
  const parts = partsOf(route);
  const optional = parts?.filter((part) => 'optional' in part && part.optional) ?? [];
  if (parts === undefined || optional.length > MOST_OPTIONAL) return undefined;
  return optional
    .reduce<(readonly Part[])[]>(
      (lists, left) => lists.flatMap((list) => [list, list.filter((one) => one !== left)]),
      [parts],
    )
    .map(pathOf);
}

function pathOf(parts: readonly Part[]): RoutePath {
  const template = parts.map((part) => ('text' in part ? part.text : `${part.prefix}{${part.name}}`)).join('');
  const parameters = parts.flatMap((part) => ('text' in part ? [] : [{ name: part.name, pattern: part.pattern }]));
  // The router takes a path with and without a slash at its end.
  return { template: withoutSlash(template), parameters };
}

function withoutSlash(path: string): string {
  const short = path.replace(/\/+$/, '');
  if (short === '') return '/';
  return short.startsWith('/') ? short : `/${short}`;
}

function partsOf(route: string): readonly Part[] | undefined {
  const parts: Part[] = [];
  let text = '';
  let unnamed = 0;
  for (let at = 0; at < route.length; ) {
    const rest = route.slice(at);
    const name = PARAMETER.exec(rest)?.[1];
    const character = rest[0] as string;
    if (name === undefined && character !== '(') {
      if ('{}*+?'.includes(character)) return undefined;
      const literal = character === '\\' ? (rest[1] ?? '') : character;
      text += literal;
      at += character === '\\' ? 2 : 1;
      continue;
    }
    at += name === undefined ? 0 : name.length + 1;
    const pattern = groupAt(route, at);
    if (pattern === undefined && route[at] === '(') return undefined;
    at += pattern === undefined ? 0 : pattern.length + 2;
    const modifier = route[at];
    if (modifier === '*' || modifier === '+') return undefined;
    if (modifier === '?') at += 1;
    // As path-to-regexp: a slash or a dot before a parameter is left out together with it.
    const prefix = /[./]$/.exec(text)?.[0] ?? '';
    if (text !== prefix) parts.push({ text: text.slice(0, text.length - prefix.length) });
    text = '';
    parts.push({ name: name ?? String(unnamed++), pattern, prefix, optional: modifier === '?' });
  }
  if (text !== '') parts.push({ text });
  return parts;
}

/** What stands between the parentheses that open here; `undefined` if none do, or they do not close. */
function groupAt(route: string, start: number): string | undefined {
  if (route[start] !== '(') return undefined;
  let depth = 0;
  for (let at = start; at < route.length; at += 1) {
    if (route[at] === '\\') at += 1;
    else if (route[at] === '(') depth += 1;
    else if (route[at] === ')') {
      depth -= 1;
      if (depth === 0) return route.slice(start + 1, at);
    }
  }
  return undefined;
}
