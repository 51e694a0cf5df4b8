import { designType } from './design-types.js';
import { defined, isJsonObject, type JsonObject } from './json.js';
import { schemaPackages } from './optional-packages.js';

/** The kind of `@ValidateNested` in the metadata of class-validator. */
const NESTED = 'nestedValidation';

/** Types that are no class of the host's. */
const BUILT_IN = new Map<unknown, JsonObject>([
  [String, { type: 'string' }],
  [Number, { type: 'number' }],
  [Boolean, { type: 'boolean' }],
  [BigInt, { type: 'integer' }],
  [Date, { type: 'string', format: 'date-time' }],
  [Buffer, { type: 'string', contentEncoding: 'base64' }],
  [Array, { type: 'array', items: {} }],
]);

/** Types of which TypeScript says nothing at run time: interfaces, unions, promises. */
const UNKNOWN = new Set<unknown>([Object, Promise, Function, undefined, null]);

/**
 * The schemas of a document (JSON Schema 2020-12). A class has one name, by its identity: two classes with one name have two
 * schemas.
 */
export class Schemas {
  /** By name, in the order in which they were first needed. */
  readonly components: JsonObject = {};
  /** Classes that have no schema because class-validator-jsonschema is not installed. */
  readonly unreadable = new Set<Function>();
  private readonly names = new Map<Function, string>();
  private readonly packages = schemaPackages();

  /** Adds a schema that is no class; its name is taken then. */
  add(name: string, schema: JsonObject): JsonObject {
    this.components[name] = schema;
    return refTo(name);
  }

  /** The schema of a type: of a class a reference, with its schema among the components. */
  of(type: unknown): JsonObject {
    if (UNKNOWN.has(type)) return {};
    const builtIn = BUILT_IN.get(type);
    if (builtIn !== undefined) return { ...builtIn };
    if (typeof type !== 'function') return {};
    if (this.packages === undefined) {
      this.unreadable.add(type);
      return { type: 'object', title: type.name };
    }
    return refTo(this.nameOf(type));
  }

  /** The schema of a class itself, for parameters that are its properties; `undefined` if it is no class of the host's. */
  inline(type: unknown): JsonObject | undefined {
    if (UNKNOWN.has(type) || BUILT_IN.has(type) || typeof type !== 'function') return undefined;
    return this.packages === undefined ? undefined : this.read(type);
  }

  /** A reference to the only class with this name among the components, for metadata that name classes by text. */
  has(name: string): boolean {
    return Object.hasOwn(this.components, name);
  }

  private nameOf(type: Function): string {
    const known = this.names.get(type);
    if (known !== undefined) return known;
    const name = this.unused(type.name.replace(/[^A-Za-z0-9._-]/g, '_') || 'Anonymous');
    this.names.set(type, name);
    // Before its schema, which may refer to it again.
    this.components[name] = {};
    this.components[name] = this.read(type);
    return name;
  }

  private read(type: Function): JsonObject {
    const { converter, storage } = this.packages as NonNullable<ReturnType<typeof schemaPackages>>;
    const nested = (of: { target: Function; propertyName: string }) => {
      const known = storage.findTypeMetadata(of.target, of.propertyName)?.typeFunction();
      return this.of(known ?? designType(of.target, of.propertyName));
    };
    const schema = converter.targetConstructorToSchema(type, {
      classTransformerMetadataStorage: storage,
      // An array without `each` has no type that is known.
      additionalConverters: { [NESTED]: (of: { target: Function; propertyName: string }) => nested(of) },
    });
    return Object.keys(schema).length === 0 ? { type: 'object' } : plain(schema);
  }

  private unused(name: string): string {
    if (!this.has(name)) return name;
    let number = 2;
    while (this.has(`${name}${number}`)) number += 1;
    return `${name}${number}`;
  }
}

function refTo(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** The same as plain data, without regular expressions, functions and members that are `undefined`. */
function plain(value: JsonObject): JsonObject {
  const copy = (one: unknown): unknown => {
    if (one instanceof RegExp) return one.source;
    if (Array.isArray(one)) return one.map(copy);
    return isJsonObject(one) ? plain(one) : one;
  };
  return defined(Object.fromEntries(Object.entries(value).map(([name, one]) => [name, copy(one)])));
}
