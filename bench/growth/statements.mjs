/**
 * The longest `DELETE` that a connection pool sends from now on, in milliseconds from its begin to its answer. Each is a transaction of
 * its own, so nothing that it locks stays locked for longer.
 *
 * @returns a function that tells it
 */
export function longestDeletion(knex) {
  const begun = new Map();
  let longest = 0;
  knex.on('query', ({ __knexQueryUid: id, method }) => {
    if (method === 'del') begun.set(id, performance.now());
  });
  const end = ({ __knexQueryUid: id }) => {
    if (!begun.has(id)) return;
    longest = Math.max(longest, performance.now() - begun.get(id));
    begun.delete(id);
  };
  knex.on('query-response', (_rows, query) => end(query));
  knex.on('query-error', (_error, query) => end(query));
  return () => longest;
}
