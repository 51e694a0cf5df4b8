import { canonicalResource } from '../../../core/resource-identifier.js';
import type { ServerContext } from '../../server-context.js';
import type { Step } from '../endpoint-request.js';
import type { Parameters } from '../request/parameters.js';

/**
 * Replaces the resource of a request by its known spelling if the two differ only in the slash of a bare origin, so
 * that grants, tokens and guards compare the same name (RFC 8707 §2).
 */
export function nameResources({ settings, dependencies }: ServerContext): Step {
  const known = new Map<string, string>();
  for (const name of settings.resources.keys()) known.set(canonicalResource(name), name);
  const { resource = dependencies.impliedResource } = dependencies;
  if (resource !== undefined) known.set(canonicalResource(resource), resource);
  const knownName = (name: string) => known.get(canonicalResource(name)) ?? name;
  const isOther = ([name, value]: Parameters[number]) => name === 'resource' && knownName(value) !== value;
  const renamed = (parameters: Parameters): Parameters =>
    parameters.map(([name, value]) => [name, name === 'resource' ? knownName(value) : value]);

  return (request, next) => {
    const { read } = request;
    const inQuery = read.query.some(isOther);
    const inBody = read.parameters.some(isOther);
    if (inQuery || inBody) {
      const query = renamed(read.query);
      const parameters = renamed(read.parameters);
      request.read = {
        ...read,
        query,
        parameters,
        url: inQuery ? `${read.url.slice(0, read.url.indexOf('?'))}?${encoded(query)}` : read.url,
        body: inBody ? encoded(parameters) : read.body,
      };
    }
    return next(request);
  };
}

function encoded(parameters: Parameters): string {
  return new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value])).toString();
}
