import fc, { type IAsyncProperty, type IProperty, type Parameters } from 'fast-check';

const IS_LONG = (process.env.BAD_INPUT ?? '') !== '';

/** How many inputs each target is given: 10^4, or what `BAD_INPUT` says, e.g. `BAD_INPUT=1e6`. */
export const INPUTS = inputs(process.env.BAD_INPUT);

/** For `jest.setTimeout`: what takes longer on a machine with ten times as much to do as it can has stopped. */
export const TIMEOUT_MILLISECONDS = Math.max(120_000, INPUTS * 60);

function inputs(text = ''): number {
  const count = text === '' ? 10_000 : Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`BAD_INPUT is not a number of inputs: ${text}`);
  return count;
}

/**
 * The parameters of a run. Without `BAD_INPUT` it always gives the same inputs, so that a fault that is as old as the code
 * cannot refuse a change; longer runs look for new ones, unless `BAD_INPUT_SEED` repeats one.
 *
 * @param share the part of the inputs that this property gets without `BAD_INPUT`, where a target has several, or each
 *   input is slow; with it, a property gets them all
 */
function parameters<Values>(share: number): Parameters<Values> {
  const { BAD_INPUT_SEED } = process.env;
  const seed = BAD_INPUT_SEED ? Number(BAD_INPUT_SEED) : IS_LONG ? undefined : 20_261_129;
  const numRuns = IS_LONG ? INPUTS : Math.max(1, Math.ceil(INPUTS * share));
  return { numRuns, ...(seed !== undefined && { seed }), endOnFailure: true };
}

/** Checks a property for all inputs of this run. */
export function forInputs<Values>(property: IProperty<Values>, share = 1): void {
  fc.assert(property, parameters(share));
}

/** The same for a property that waits. */
export async function forInputsAsync<Values>(property: IAsyncProperty<Values>, share = 1): Promise<void> {
  await fc.assert(property, parameters(share));
}
