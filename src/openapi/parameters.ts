import type { ActionMetadata } from 'routing-controllers';
import { defined, isJsonObject, type JsonObject } from './json.js';
import type { PathParameter } from './route-path.js';
import type { Schemas } from './schemas.js';

type ParamMetadata = ActionMetadata['params'][number];
type Location = 'path' | 'query' | 'header' | 'cookie';

const SINGLE: Readonly<Record<string, Location>> = {
  param: 'path',
  query: 'query',
  header: 'header',
  cookie: 'cookie',
};
const WHOLE: Readonly<Record<string, Location>> = {
  params: 'path',
  queries: 'query',
  headers: 'header',
  cookies: 'cookie',
};

/** OpenAPI ignores parameters with these names (Parameter Object, `in: header`). */
const NOT_A_PARAMETER = /^(accept|content-type|authorization)$/i;

/** The parameters of an operation: those of its path first, each once. */
export function parametersOf(
  { params }: ActionMetadata,
  path: readonly PathParameter[],
  schemas: Schemas,
): readonly JsonObject[] {
  const declared = [...params].sort((one, other) => one.index - other.index).flatMap((one) => parameter(one, schemas));
  const known = new Map<string, JsonObject>();
  for (const one of declared) {
    const key = `${String(one.in)} ${String(one.name)}`;
    if (!known.has(key)) known.set(key, one);
  }
  const ofPath = path.map(({ name, pattern }) => {
    const found = known.get(`path ${name}`);
    const schema = withPattern(isJsonObject(found?.schema) ? found.schema : { type: 'string' }, pattern);
    return { name, in: 'path', required: true, schema };
  });
  return [...ofPath, ...[...known.values()].filter((one) => one.in !== 'path')];
}

function parameter(param: ParamMetadata, schemas: Schemas): readonly JsonObject[] {
  const single = SINGLE[param.type];
  if (single !== undefined) {
    if (single === 'header' && NOT_A_PARAMETER.test(param.name)) return [];
    return [{ name: param.name, in: single, ...required(single, param.required), ...contentOf(param, schemas) }];
  }
  const whole = WHOLE[param.type];
  const schema = whole === undefined ? undefined : schemas.inline(param.targetType);
  if (whole === undefined || !isJsonObject(schema?.properties)) return [];
  const needed = new Set(Array.isArray(schema.required) ? schema.required : []);
  return Object.entries(schema.properties)
    .filter(([name]) => whole !== 'header' || !NOT_A_PARAMETER.test(name))
    .map(([name, of]) => ({ name, in: whole, ...required(whole, needed.has(name)), schema: of }));
}

function required(location: Location, isRequired: boolean | undefined): JsonObject {
  return location === 'path' || isRequired === true ? { required: true } : {};
}

/** An object in one parameter is JSON, as routing-controllers parses it. */
function contentOf({ targetType, isArray, parse }: ParamMetadata, schemas: Schemas): JsonObject {
  const one = targetType === Array ? {} : schemas.of(targetType);
  const schema = isArray === true || targetType === Array ? { type: 'array', items: one } : one;
  const isJson = parse === true || '$ref' in one;
  return isJson ? { content: { 'application/json': { schema } } } : { schema };
}

function withPattern(schema: JsonObject, pattern: string | undefined): JsonObject {
  if (pattern === undefined || schema.type !== 'string') return schema;
  return defined({ ...schema, pattern: `^(?:${pattern})$` });
}
