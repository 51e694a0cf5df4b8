/** A model of oidc-provider, whose stored members are a list. */
interface Model {
  readonly IN_PAYLOAD: readonly string[];
}

/** Lets a model keep members of ours: oidc-provider stores only those that it lists, and reads the list once. */
export function withinPayload(model: unknown, members: readonly string[]): void {
  const names = [...(model as Model).IN_PAYLOAD, ...members];
  Object.defineProperty(model, 'IN_PAYLOAD', { get: () => names });
}
