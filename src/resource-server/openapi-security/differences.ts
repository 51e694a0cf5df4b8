import type { DocumentedSecurity } from './openapi-security.js';
import type { Operation } from './operations.js';

/** An action, as it is compared with a document. */
export interface ActionOfDocument {
  /** For messages: `BookController.list (GET /books)`. */
  readonly name: string;
  /** Upper case; `ALL` for an action of all methods. */
  readonly verb: string;
  readonly path: string;
  /** Whether a permission by the document is part of its requirement. */
  readonly asksDocument: boolean;
  readonly isPublic: boolean;
  /** Whether its declarations are in order; if not, that is told elsewhere. */
  readonly isPlanned: boolean;
}

/** A difference between a document and the actions. */
export interface DocumentDifference {
  /** The action that it is about; `undefined` if it is about the document. */
  readonly action: ActionOfDocument | undefined;
  readonly text: string;
}

/** Everything in which a document and the actions that are served differ. */
export function differencesTo(
  document: DocumentedSecurity,
  actions: readonly ActionOfDocument[],
): DocumentDifference[] {
  const { name, operations, servedElsewhere } = document;
  const found: DocumentDifference[] = operations.problems.map((text) => ({
    action: undefined,
    text: `${name}: ${text}`,
  }));
  for (const action of actions) {
    if (!action.asksDocument) continue;
    for (const text of problemsOf(document, action)) found.push({ action, text: `${action.name}: ${text}` });
  }
  const byShape = new Map<string | undefined, ActionOfDocument[]>();
  for (const action of actions) {
    const shape = document.shapeOf(action.path);
    const known = byShape.get(shape);
    if (known === undefined) byShape.set(shape, [action]);
    else known.push(action);
  }
  for (const [shape, byMethod] of operations.byShape) {
    const atPath = byShape.get(shape) ?? [];
    for (const operation of byMethod.values()) {
      const serving = atPath.filter(({ verb }) => serves(verb, operation.method, byMethod));
      if (serving.length > 0) found.push(...serving.flatMap((action) => unaskedBy(document, operation, action)));
      else if (!servedElsewhere && !isPreflight(operation)) {
        found.push({ action: undefined, text: `${name}: ${nameOf(operation)} is an operation without an action` });
      }
    }
  }
  return found;
}

/** What is wrong with the operations of an action that asks the document. */
function problemsOf(document: DocumentedSecurity, { verb, path }: ActionOfDocument): string[] {
  const { name, pathPrefix } = document;
  if (document.shapeOf(path) === undefined) {
    const isUnder = path === pathPrefix || path.startsWith(`${pathPrefix}/`);
    return isUnder
      ? [`its path cannot be written in OpenAPI, so that ${name} says nothing of it`]
      : [`its path is not under ${pathPrefix}, where the paths of ${name} begin (option pathPrefix)`];
  }
  const byMethod = document.operationsAt(path);
  const served = [...(byMethod?.values() ?? [])].filter(({ method }) => serves(verb, method, byMethod));
  const asHead = verb === 'HEAD' ? byMethod?.get('GET') : undefined;
  const asked = served.length === 0 && asHead !== undefined ? [asHead] : served;
  if (asked.length === 0) return [`${name} has no operation for it`];
  return asked.flatMap((operation) => [
    ...(operation.isOpen
      ? [`${name} lets everybody in by ${nameOf(operation)}; give it a security, or make the action @Public()`]
      : []),
    ...operation.problems.map((problem) => `${nameOf(operation)} of ${name}: ${problem}`),
  ]);
}

/** An action that serves an operation, but is guarded by something else than the document says. */
function unaskedBy({ name }: DocumentedSecurity, operation: Operation, action: ActionOfDocument): DocumentDifference[] {
  const { asksDocument, isPublic, isPlanned } = action;
  if (
    asksDocument ||
    !isPlanned ||
    operation.problems.length > 0 ||
    operation.isOptional ||
    operation.isOpen === isPublic
  )
    return [];
  const says = operation.isOpen ? 'lets everybody in' : 'asks for a token';
  const does = isPublic ? 'is @Public()' : 'is not guarded by it';
  return [{ action, text: `${action.name}: ${does}, but ${nameOf(operation)} of ${name} ${says}` }];
}

/** A GET action answers HEAD too. */
function serves(verb: string, method: string, byMethod: ReadonlyMap<string, Operation> | undefined): boolean {
  return verb === 'ALL' || verb === method || (verb === 'GET' && method === 'HEAD' && byMethod !== undefined);
}

/** OPTIONS is answered without an action. */
function isPreflight({ method, isOpen }: Operation): boolean {
  return method === 'OPTIONS' && isOpen;
}

function nameOf({ method, path }: Operation): string {
  return `${method} ${path}`;
}
