import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import ts from 'typescript-5.9';
import { root, run, tool } from '../run.mjs';

/** What `tsc --init` of 5.9 and 7 writes, with what decorators and Node need. */
const INIT = {
  module: 'nodenext',
  target: 'es2022',
  types: ['node'],
  sourceMap: true,
  declaration: true,
  declarationMap: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  strict: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  noUncheckedSideEffectImports: true,
  moduleDetection: 'force',
  skipLibCheck: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/** What readers have beside the examples. */
const OF_THE_READER = ['app.ts', 'book-controller.ts'];

const STRICT = {
  module: 'nodenext',
  target: 'es2022',
  types: ['node'],
  strict: true,
  esModuleInterop: true,
  skipLibCheck: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/**
 * Compiles all programs with TypeScript 5.9 and 7, under `strict` and under what `tsc --init` writes. What 5.9 emits is what
 * is run.
 *
 * @returns what the compilers say, each line with the place of the example
 */
export async function compilePrograms(folder, programs) {
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  await mkdir(join(folder, 'node_modules'));
  await symlink(root, join(folder, 'node_modules/routing-controllers-oauth2'), 'dir');
  await cp(join(root, 'scripts/doc-examples/beside'), folder, { recursive: true });
  for (const { name, text } of programs) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, `${name}.ts`), text);
  }
  const groups = grouped(programs);
  const said = await Promise.all([by7(folder, groups), by59(folder, groups)]);
  return [...new Set(said.flat())].map((line) => withPlace(line, programs));
}

/** What declares something for all modules is a program of its own. */
function grouped(programs) {
  const shared = programs.filter(({ isGlobal }) => !isGlobal);
  const alone = programs.filter(({ isGlobal }) => isGlobal);
  return [shared, ...alone.map((program) => [program])].filter((group) => group.length > 0);
}

async function by7(folder, groups) {
  const said = [];
  for (const [index, group] of groups.entries()) {
    const config = join(folder, `tsconfig-${index}.json`);
    const files = [...group.map(({ name }) => `${name}.ts`), ...OF_THE_READER];
    await writeFile(config, JSON.stringify({ compilerOptions: { ...INIT, noEmit: true }, files }));
    said.push(
      ...(await run(tool('tsc'), ['-p', config, '--pretty', 'false'], { cwd: folder }).then(
        () => [],
        ({ message }) => findings(message).map((line) => `TypeScript 7: ${line}`),
      )),
    );
  }
  return said;
}

/** In one process, so that declarations are read once. */
async function by59(folder, groups) {
  const said = [];
  const sources = new Map();
  for (const settings of [STRICT, { ...INIT, outDir: join(folder, 'out'), rootDir: folder }]) {
    const { options } = ts.convertCompilerOptionsFromJson(settings, folder);
    const host = ts.createCompilerHost(options);
    const { getSourceFile } = host;
    host.getSourceFile = (name, ...others) => {
      const key = `${name}\0${options.verbatimModuleSyntax}`;
      if (!sources.has(key)) sources.set(key, getSourceFile(name, ...others));
      return sources.get(key);
    };
    const format = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => folder, getNewLine: () => '\n' };
    for (const group of groups) {
      const program = ts.createProgram(
        [...group.map(({ name }) => `${name}.ts`), ...OF_THE_READER].map((file) => join(folder, file)),
        options,
        host,
      );
      for (const one of ts.getPreEmitDiagnostics(program))
        said.push(`TypeScript 5.9: ${ts.formatDiagnostic(one, format).trim()}`);
      if (settings !== STRICT && group.some((one) => one.run !== undefined)) program.emit();
    }
  }
  return said;
}

/** The lines of the compiler's output that begin a finding, each with what follows it. */
function findings(output) {
  const lines = output.split('\n');
  const found = [];
  for (const line of lines) {
    if (/error TS\d+/.test(line)) found.push(line);
    else if (found.length > 0 && /^\s/.test(line)) found[found.length - 1] += `\n${line}`;
  }
  return found.length > 0 ? found : [output];
}

function withPlace(line, programs) {
  const program = programs.find(({ name }) => line.includes(`${name}.ts`));
  return program === undefined ? line : `${program.where}: ${line}\n${quoted(line, program)}`;
}

/** The line of the program that a finding is about, since its number is not that of the page. */
function quoted(line, { text }) {
  const number = Number(/\.ts\((\d+),/.exec(line)?.[1]);
  return `    ${text.split('\n')[number - 1]?.trim() ?? ''}`;
}
