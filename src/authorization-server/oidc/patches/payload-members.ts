/** A model of oidc-provider with its list of stored members. */
interface Model {
  readonly IN_PAYLOAD: readonly string[];
}

/** Lets a model store additional members: oidc-provider stores only those in its list, and reads the list once. */
export function withinPayload(model: unknown, members: readonly string[]): void {
  const names = [...(model as Model).IN_PAYLOAD, ...members];
  Object.defineProperty(model, 'IN_PAYLOAD', { get: () => names });
}
