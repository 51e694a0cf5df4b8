/** With it Fastify writes the answer by a function made for it. */
export const ANSWER_SCHEMA = {
  response: { 200: { type: 'object', properties: { ok: { type: 'boolean' }, user: { type: 'string' } } } },
};

/** A hook that wants a scope of the token that `tokenOf` finds on the request. */
export function requireScope(scope, tokenOf) {
  return (request, reply, done) => {
    if (tokenOf(request).scopes.includes(scope)) done();
    else reply.code(403).send({ error: 'insufficient_scope' });
  };
}

/** An application that listens, as `listen` gives it. */
export function closingFastify(app, closeParts = async () => {}) {
  return {
    port: app.server.address().port,
    async close() {
      app.server.closeAllConnections();
      await app.close();
      await closeParts();
    },
  };
}
