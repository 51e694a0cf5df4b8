import { actionName } from '../routing-controllers/action-reference.js';
import type { ActionPlan, ServedPlan } from '../routing-controllers/plan.js';
import type { MethodAccess, PlanDescription } from '../routing-controllers/plan-description.js';
import { withHostMetadata } from './host-metadata.js';
import { defined, type JsonObject } from './json.js';
import { parametersOf } from './parameters.js';
import { requestBodyOf } from './request-body.js';
import { requirementText } from './requirement-text.js';
import type { Responses } from './responses.js';
import { declaredAnswers } from './returns.js';
import type { PathParameter } from './route-path.js';
import type { Schemas } from './schemas.js';
import { securityOf } from './security.js';
import type { SecuritySchemes } from './security-schemes.js';

/** What the operations of a document share. */
export interface OperationParts {
  readonly schemes: SecuritySchemes;
  readonly schemas: Schemas;
  readonly responses: Responses;
}

/** An Operation Object, without its id. */
export function operationOf(
  { plan, metadata }: ServedPlan,
  described: PlanDescription,
  access: MethodAccess,
  method: string,
  path: readonly PathParameter[],
  { schemes, schemas, responses }: OperationParts,
): JsonObject {
  const { security, notExpressed } = securityOf(described, access, method, schemes, actionName(plan.action));
  const parameters = parametersOf(metadata, path, schemas);
  const requestBody = method === 'GET' || method === 'HEAD' ? undefined : requestBodyOf(metadata, schemas);
  const answers = declaredAnswers(plan.action.controller, plan.action.method);
  const isTold = notExpressed.length > 0;
  const operation = defined({
    summary: words(plan.action.method),
    tags: [tagOf(plan.action.controller)],
    parameters: parameters.length === 0 ? undefined : parameters,
    requestBody,
    responses: responses.of(plan, metadata, answers, { body: requestBody !== undefined, path: path.length > 0 }),
    security,
    'x-oauth2-not-expressed': isTold ? notExpressed : undefined,
    'x-oauth2-rule': isTold ? access.rule : undefined,
    'x-oauth2-object-permissions': described.objectPermissions.length > 0 ? described.objectPermissions : undefined,
    'x-ratelimit-policies': plan.throttle.policies.length > 0 ? plan.throttle.policies.map(policy) : undefined,
  });
  const complete = withHostMetadata(operation, metadata);
  const text = requirementText(described, access, notExpressed);
  if (text === undefined) return complete;
  const own = typeof complete.description === 'string' ? `${complete.description}\n\n` : '';
  return { ...complete, description: `${own}${text}` };
}

/** `BooksController` is `Books`. */
export function tagOf({ name }: Function): string {
  return name.replace(/Controller$/, '') || name || 'Other';
}

/** A method's name as words: `listBooks` is `List books`. */
function words(method: string): string {
  const spaced = method
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase()
    .trim();
  return spaced === '' ? method : spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

function policy({ name, description, rates }: ActionPlan['throttle']['policies'][number]): JsonObject {
  return defined({
    name,
    description,
    rates: rates?.map(({ limit, windowSeconds }) => ({ quota: limit, windowSeconds })),
  });
}
