import type { ActionMetadata } from 'routing-controllers';
import { defined, type JsonObject } from './json.js';
import type { Schemas } from './schemas.js';

type ParamMetadata = ActionMetadata['params'][number];

const FILE: JsonObject = { type: 'string', contentMediaType: 'application/octet-stream' };

/** The body of an operation (Request Body Object); `undefined` if it reads none. */
export function requestBodyOf(metadata: ActionMetadata, schemas: Schemas): JsonObject | undefined {
  const of = (...types: string[]) => metadata.params.filter(({ type }) => types.includes(type));
  const [body] = of('body');
  const members = of('body-param', 'file', 'files').sort((one, other) => one.index - other.index);
  if (body === undefined && members.length === 0) return undefined;
  const parts = [
    ...(body === undefined ? [] : [wholeBody(body, schemas)]),
    ...(members.length === 0 ? [] : [membersSchema(members, schemas)]),
  ];
  const schema = parts.length === 1 ? (parts[0] as JsonObject) : { allOf: parts };
  const isRequired = [...(body === undefined ? [] : [body]), ...members].some((one) => one.required === true);
  return defined({
    required: isRequired ? true : undefined,
    content: Object.fromEntries(contentTypes(metadata, members).map((type) => [type, { schema }])),
  });
}

function wholeBody({ targetType, isArray }: ParamMetadata, schemas: Schemas): JsonObject {
  const one = schemas.of(targetType);
  return isArray === true ? { type: 'array', items: one } : one;
}

function membersSchema(members: readonly ParamMetadata[], schemas: Schemas): JsonObject {
  const needed = members.filter((one) => one.required === true).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(members.map((one) => [one.name, memberSchema(one, schemas)])),
    ...(needed.length > 0 && { required: needed }),
  };
}

function memberSchema({ type, targetType, isArray }: ParamMetadata, schemas: Schemas): JsonObject {
  if (type === 'file') return { ...FILE };
  if (type === 'files') return { type: 'array', items: { ...FILE } };
  const one = schemas.of(targetType);
  return isArray === true ? { type: 'array', items: one } : one;
}

/** Files come in multipart forms; the body parser reads both JSON and forms where the controller is not for JSON alone. */
function contentTypes({ isJsonTyped }: ActionMetadata, members: readonly ParamMetadata[]): readonly string[] {
  if (members.some(({ type }) => type !== 'body-param')) return ['multipart/form-data'];
  return isJsonTyped ? ['application/json'] : ['application/json', 'application/x-www-form-urlencoded'];
}
