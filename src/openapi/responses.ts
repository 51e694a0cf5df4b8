import { STATUS_CODES } from 'node:http';
import type { ActionMetadata } from 'routing-controllers';
import type { DescribedServer } from '../resource-server/described-server.js';
import type { ActionPlan } from '../routing-controllers/plan.js';
import { returnsNothing } from './design-types.js';
import { defined, type JsonObject } from './json.js';
import type { DeclaredAnswer } from './returns.js';
import type { Schemas } from './schemas.js';

/** Fields of answers, as components: written once, and referred to. */
const FIELDS: Readonly<Record<string, JsonObject>> = {
  'WWW-Authenticate': {
    description: 'The challenge: the scheme, the error and what is needed (RFC 6750 §3).',
    schema: { type: 'string' },
  },
  'Retry-After': {
    description: 'In how many seconds another try makes sense (RFC 9110 §10.2.3).',
    schema: { type: 'integer', minimum: 0 },
  },
  RateLimit: {
    description: 'What is left of each policy: `"user";r=50;t=30` (draft-ietf-httpapi-ratelimit-headers).',
    schema: { type: 'string' },
  },
  'RateLimit-Policy': {
    description: 'The policies that apply: `"user";q=100;w=3600` (draft-ietf-httpapi-ratelimit-headers).',
    schema: { type: 'string' },
  },
  'X-RateLimit-Limit': { description: 'The limit of the scarcest policy.', schema: { type: 'integer' } },
  'X-RateLimit-Remaining': { description: 'What is left of it.', schema: { type: 'integer' } },
  'X-RateLimit-Reset': { description: 'When it is full again, in seconds since 1970.', schema: { type: 'integer' } },
};

/** The answers of refusals: their name among the components, their meaning, and their fields. */
const REFUSALS = {
  400: { name: 'InvalidRequest', description: 'The request is malformed.', fields: [] },
  401: {
    name: 'Unauthenticated',
    description: 'There are no credentials, or they are not valid.',
    fields: ['WWW-Authenticate'],
  },
  403: {
    name: 'Forbidden',
    description: 'The credentials are valid, but not enough.',
    fields: ['WWW-Authenticate'],
  },
  429: { name: 'TooManyRequests', description: 'Too many requests, or too many failed ones.', fields: ['Retry-After'] },
  503: {
    name: 'Unavailable',
    description: 'Something that decides on requests is away.',
    fields: ['Retry-After'],
  },
} as const satisfies Readonly<Record<number, { name: string; description: string; fields: readonly string[] }>>;

type RefusalStatus = keyof typeof REFUSALS;

/** Makes the answers of operations, and the components that they share. */
export class Responses {
  /** Response Objects by name. */
  readonly components: JsonObject = {};
  /** Header Objects by name. */
  readonly fields: JsonObject = {};
  private error: JsonObject | undefined;

  constructor(
    private readonly server: DescribedServer,
    private readonly schemas: Schemas,
  ) {}

  /** Response Objects by status. */
  of(
    { requirement, throttle }: ActionPlan,
    metadata: ActionMetadata,
    answers: readonly DeclaredAnswer[],
    reads: { readonly body: boolean; readonly path: boolean },
  ): JsonObject {
    const limits = throttle.unlimited ? [] : this.limitFields();
    const statuses: RefusalStatus[] = [];
    if (requirement !== undefined || reads.body) statuses.push(400);
    if (requirement !== undefined) statuses.push(401, 403);
    if (!throttle.unlimited || (requirement !== undefined && this.server.limitsFailures)) statuses.push(429);
    if (!throttle.unlimited || requirement !== undefined) statuses.push(503);
    const byStatus: JsonObject = this.successes(metadata, answers, limits);
    if (reads.path) byStatus['404'] ??= { description: 'There is no such thing.' };
    for (const status of statuses) byStatus[String(status)] ??= this.refusal(status, status === 429 ? limits : []);
    return byStatus;
  }

  private successes(
    metadata: ActionMetadata,
    answers: readonly DeclaredAnswer[],
    limits: readonly string[],
  ): JsonObject {
    const byStatus: JsonObject = {};
    for (const { type, status = metadata.successHttpCode ?? 200, isArray, description } of answers) {
      const one = type === undefined ? undefined : this.schemas.of(type);
      const schema = one !== undefined && isArray === true ? { type: 'array', items: one } : one;
      byStatus[String(status)] = this.answer(status, metadata, schema, limits, description);
    }
    if (metadata.redirect !== undefined) {
      const location = { Location: { schema: { type: 'string' }, description: 'Where it is.' } };
      byStatus['302'] ??= { description: statusText(302), headers: location };
    }
    if (Object.keys(byStatus).some((status) => status < '400')) return byStatus;
    const { undefinedResultCode } = metadata;
    const status = metadata.successHttpCode ?? 200;
    if (typeof undefinedResultCode !== 'number' || undefinedResultCode >= 400) {
      byStatus[String(status)] = this.answer(status, metadata, isVoid(metadata) ? undefined : {}, limits);
    } else {
      byStatus[String(undefinedResultCode)] = this.answer(undefinedResultCode, metadata, undefined, limits);
      if (!isVoid(metadata)) byStatus[String(status)] ??= this.answer(status, metadata, {}, limits);
    }
    return byStatus;
  }

  private answer(
    status: number,
    metadata: ActionMetadata,
    schema: JsonObject | undefined,
    limits: readonly string[],
    description = statusText(status),
  ): JsonObject {
    const hasBody = schema !== undefined && status !== 204 && status !== 304;
    return defined({
      description,
      headers: limits.length === 0 ? undefined : this.fieldRefs(limits),
      content: hasBody ? { [contentType(metadata)]: { schema } } : undefined,
    });
  }

  private refusal(status: RefusalStatus, limits: readonly string[]): JsonObject {
    const { name: base, description, fields } = REFUSALS[status];
    const name = limits.length > 0 ? `${base}Throttled` : base;
    const all = [...fields, ...limits];
    this.components[name] ??= defined({
      description,
      headers: all.length === 0 ? undefined : this.fieldRefs(all),
      content: { 'application/json': { schema: this.errorSchema() } },
    });
    return { $ref: `#/components/responses/${name}` };
  }

  private limitFields(): readonly string[] {
    const { current, legacy } = this.server.rateLimitFields;
    return [
      ...(current ? ['RateLimit', 'RateLimit-Policy'] : []),
      ...(legacy ? ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'] : []),
    ];
  }

  private fieldRefs(names: readonly string[]): JsonObject {
    for (const name of names) this.fields[name] ??= FIELDS[name];
    return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
  }

  private errorSchema(): JsonObject {
    const { errorBody, errorResponseWithScopes } = this.server;
    this.error ??= this.schemas.add('Refusal', ERROR_BODIES[errorBody](errorResponseWithScopes));
    return this.error;
  }
}

const TEXTS = { type: 'array', items: { type: 'string' } };

const ERROR_BODIES: Readonly<Record<DescribedServer['errorBody'], (withScopes: boolean) => JsonObject>> = {
  oauth2: (withScopes) => ({
    type: 'object',
    required: ['error', 'error_description'],
    properties: {
      error: { type: 'string', description: 'The code, such as `insufficient_scope`.' },
      error_description: { type: 'string' },
      ...(withScopes && {
        required_scopes: { ...TEXTS, items: { anyOf: [{ type: 'string' }, TEXTS] } },
        provided_scopes: TEXTS,
      }),
    },
  }),
  drf: () => ({ type: 'object', required: ['detail'], properties: { detail: { type: 'string' } } }),
  own: () => ({}),
};

function statusText(status: number): string {
  return STATUS_CODES[status] ?? `Status ${status}`;
}

function isVoid({ target, method }: ActionMetadata): boolean {
  return returnsNothing(target, method);
}

function contentType({ isJsonTyped, headers }: ActionMetadata): string {
  const own = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  if (typeof own === 'string') return own;
  return isJsonTyped ? 'application/json' : 'text/html';
}
