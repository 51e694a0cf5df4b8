import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The part of class-validator-jsonschema that is used. */
export interface ClassValidatorJsonSchema {
  targetConstructorToSchema(type: Function, options: object): Record<string, unknown>;
}

/** The part of class-transformer's storage that is used. */
export interface TransformerStorage {
  findTypeMetadata(target: Function, property: string): { typeFunction(): unknown } | undefined;
}

/** The part of routing-controllers-openapi that is used. */
export interface RoutingControllersOpenApi {
  getOpenAPIMetadata(target: object, method?: string): readonly unknown[];
}

/** An optional package; `undefined` if it is not installed. */
export function optionalPackage<Module>(name: string): Module | undefined {
  try {
    require.resolve(name);
  } catch {
    return undefined;
  }
  return require(name) as Module;
}

/** What makes schemas of classes; `undefined` if class-validator-jsonschema is not installed. */
export function schemaPackages(): { converter: ClassValidatorJsonSchema; storage: TransformerStorage } | undefined {
  const converter = optionalPackage<ClassValidatorJsonSchema>('class-validator-jsonschema');
  // It has no public name; routing-controllers brings the package.
  const transformer = optionalPackage<{ defaultMetadataStorage: TransformerStorage }>(
    'class-transformer/cjs/storage.js',
  );
  return converter && transformer && { converter, storage: transformer.defaultMetadataStorage };
}
