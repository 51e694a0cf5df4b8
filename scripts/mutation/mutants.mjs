import { readFileSync } from 'node:fs';
import { createInstrumenter } from '@stryker-mutator/instrumenter';
import { createInjector } from 'typed-inject';

const OPTIONS = { ignorers: [], excludedMutations: [], plugins: null, noHeader: false };

const nothing = () => {};
const no = () => false;
const SILENT = {
  ...{ trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing, fatal: nothing },
  ...{ isTraceEnabled: no, isDebugEnabled: no, isInfoEnabled: no, isWarnEnabled: no },
  ...{ isErrorEnabled: no, isFatalEnabled: no },
};

/** The first line of each mutant that Stryker makes of a file, in the order of the file. */
export async function mutantLines(file) {
  const content = readFileSync(file, 'utf8');
  const instrumenter = createInjector().provideValue('logger', SILENT).injectFunction(createInstrumenter);
  const { mutants } = await instrumenter.instrument([{ name: file, content, mutate: true }], OPTIONS);
  return mutants.map(({ location }) => location.start.line + 1).sort((one, other) => one - other);
}
