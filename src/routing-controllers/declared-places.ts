import { ConfigurationError } from '../core/errors.js';
import { classChain, ownAuthorized, ownDeclarations, type ThrottleDeclaration } from './declarations.js';

/** The declarations on one class of the chain of ancestors, or on the method that this class itself defines. */
export interface DeclaredPlace {
  /** For messages: `the class Books`, `the method Books.list`. */
  readonly name: string;
  /** The number of steps up the chain; 0: the controller itself. */
  readonly depth: number;
  /** The value of the `@Authorized(...)` there as a list; `undefined` if there is none. */
  readonly authorized: readonly unknown[] | undefined;
  /** `@RequiredScopes`, unchecked. */
  readonly requiredScopes: readonly unknown[] | undefined;
  readonly isPublic: boolean;
  readonly throttles: readonly ThrottleDeclaration[];
}

/** All places with declarations for an action; each list goes from the controller up to its farthest ancestor. */
export interface DeclaredPlaces {
  readonly classes: readonly DeclaredPlace[];
  /** The method, and those of ancestors that it inherits from or overrides. */
  readonly methods: readonly DeclaredPlace[];
}

/** @throws ConfigurationError for two `@Authorized` at one place */
export function declaredPlaces(controller: Function, method: string): DeclaredPlaces {
  const chain = classChain(controller);
  const names = chainNames(chain);
  const places = (nameOf: (className: string) => string, ofMethod: string | undefined) =>
    chain.map((one, depth) => place(nameOf(names[depth] as string), depth, one, ofMethod)).filter(declaresAnything);
  return {
    classes: places((className) => `the class ${className}`, undefined),
    methods: places((className) => `the method ${className}.${method}`, method),
  };
}

/** Whether a place requires anything of the caller. */
export function requiresSomething(place: DeclaredPlace): boolean {
  return place.authorized !== undefined || place.requiredScopes !== undefined;
}

function declaresAnything(place: DeclaredPlace): boolean {
  return requiresSomething(place) || place.isPublic || place.throttles.length > 0;
}

function place(name: string, depth: number, controller: Function, method: string | undefined): DeclaredPlace {
  const { requiredScopes, isPublic = false, throttles = [] } = ownDeclarations(controller, method);
  return {
    name,
    depth,
    authorized: single(ownAuthorized(controller, method), name),
    requiredScopes,
    isPublic,
    throttles,
  };
}

function single(values: unknown[][], where: string): unknown[] | undefined {
  if (values.length > 1) {
    throw new ConfigurationError(
      `has ${values.length} @Authorized(...) on ${where}, of which routing-controllers uses one and drops the rest; join them into one, e.g. @Authorized(['a', 'b']).`,
    );
  }
  return values[0];
}

/** With mixins, several classes of a chain may have the same name or none; then their position distinguishes them. */
function chainNames(chain: readonly Function[]): string[] {
  const [controller] = chain as [Function];
  return chain.map((one, depth) => {
    const isAmbiguous = one.name === '' || chain.some((other) => other !== one && other.name === one.name);
    if (depth === 0) return one.name || '(anonymous)';
    return isAmbiguous ? `${one.name || '(anonymous)'} (ancestor ${depth} of ${controller.name})` : one.name;
  });
}
