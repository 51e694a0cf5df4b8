/** The part of reflect-metadata, which routing-controllers needs, that reads what TypeScript emits. */
type Reflection = Partial<{
  hasMetadata(key: string, target: object, property: string): boolean;
  getMetadata(key: string, target: object, property: string): unknown;
}>;

/** Read each time: the host may load the package later. */
const reflection = Reflect as Reflection;

/** The class of a property, as TypeScript emits it. */
export function designType(type: Function, property: string): unknown {
  return reflection.getMetadata?.('design:type', type.prototype, property);
}

/** Whether TypeScript knows that the method returns nothing; of a promise it does not know what it brings. */
export function returnsNothing(type: Function, method: string): boolean {
  const key = 'design:returntype';
  return (
    reflection.hasMetadata?.(key, type.prototype, method) === true &&
    reflection.getMetadata?.(key, type.prototype, method) === undefined
  );
}
