// In place of fast-check, where an area says how many inputs a property gets at most (`inputs` in areas.mjs): always the same
// ones, so that a mutant that survives now survives the next time. The first input that fails is enough: nobody reads a smaller one.
import * as all from '../../node_modules/fast-check/lib/fast-check.js';

const most = Number(process.env.MUTATION_INPUTS);
const assert = (property, parameters = {}) =>
  all.assert(property, {
    ...parameters,
    seed: 1,
    endOnFailure: true,
    numRuns: Math.min(parameters.numRuns ?? most, most),
  });

// biome-ignore lint/style/noDefaultExport: it stands in for the default export of fast-check.
export default { ...all, assert };
