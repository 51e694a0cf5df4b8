import { getMetadataArgsStorage } from 'routing-controllers';
import type { Logger } from '../core/logger.js';

/** Parameters whose values routing-controllers converts and validates by the type that is declared. */
const TYPED = new Set(['body', 'body-param', 'param', 'query', 'queries', 'params', 'header', 'cookie']);

/**
 * Warns of controllers that were compiled without the types of their parameters: then routing-controllers neither converts nor
 * validates what they receive, and says nothing.
 *
 * @param controllers those that are served, as classes; of others, which are named by patterns of files, all are looked at
 */
export function warnOfMissingTypes(controllers: readonly (Function | string)[] | undefined, logger: Logger): void {
  const named = new Set<unknown>(controllers);
  const isServed = (controller: Function) =>
    controllers === undefined || named.has(controller) || controllers.some((one) => typeof one === 'string');
  const untyped = getMetadataArgsStorage().params.find(
    ({ type, object, method, explicitType }) =>
      TYPED.has(type) &&
      explicitType === undefined &&
      isServed(object.constructor) &&
      typesOf(object, method) === undefined,
  );
  if (untyped === undefined) return;
  logger.warn(
    `${untyped.object.constructor.name}.${untyped.method} was compiled without the types of its parameters, so that bodies and parameters are neither converted nor validated: set emitDecoratorMetadata in tsconfig.json, and compile with tsc or SWC (esbuild, and so tsx and Vitest by itself, emits no decorator metadata), or name each type, as in @Body({ type: Book }).`,
  );
}

/** What the compiler has emitted of the parameters of a method. */
function typesOf(object: object, method: string): unknown {
  const { getMetadata } = Reflect as { getMetadata?: (key: string, target: object, property: string) => unknown };
  return getMetadata?.('design:paramtypes', object, method);
}
