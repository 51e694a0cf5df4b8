/** A JSON object of a document, under construction. */
export type JsonObject = { [name: string]: unknown };

/** Whether a value is a JSON object, rather than a list or a class instance. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** A copy without members that are `undefined`. */
export function defined(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** Both objects in one: objects are merged member by member, anything else of the second replaces that of the first. */
export function merged(one: JsonObject, other: JsonObject): JsonObject {
  const all: JsonObject = { ...one };
  for (const [name, value] of Object.entries(other)) {
    if (name === '__proto__' || value === undefined) continue;
    const before = all[name];
    all[name] = isJsonObject(before) && isJsonObject(value) ? merged(before, value) : value;
  }
  return all;
}
