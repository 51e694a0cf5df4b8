import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';

/** Appends each result to a file as it comes, so that those of a run that is ended early are not lost. */
class LineReporter {
  onMutantTested({ fileName, mutatorName, location, replacement, status }) {
    const file = relative(process.cwd(), fileName);
    const line = JSON.stringify({ file, mutator: mutatorName, location, replacement, status });
    appendFileSync(process.env.MUTATION_RESULTS, `${line}\n`);
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Reporter, 'lines', LineReporter)];
