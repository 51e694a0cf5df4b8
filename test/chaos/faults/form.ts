/** `npm run chaos` lets faults last and plays all rounds; in CI there is less of everything. */
export const IS_LONG = process.env.CHAOS === 'long';

/** All of a list, or in CI the ones with these names. */
export function orInCi<One extends { readonly name: string }>(all: readonly One[], ...names: string[]): readonly One[] {
  if (IS_LONG) return all;
  return names.map((wanted) => {
    const found = all.find(({ name }) => name === wanted);
    if (found === undefined) throw new Error(`There is no "${wanted}".`);
    return found;
  });
}
