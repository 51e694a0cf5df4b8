import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root, run, tool } from '../run.mjs';
import { OPTIONS } from './face.mjs';

const folder = join(root, `node_modules/.cache/routing-controllers-oauth2/examples-${process.pid}`);

/** How TypeScript 7 is told the same as TypeScript 5.9, and that examples are read with all its strictness. */
const STRICT = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noUnusedLocals: true };

/**
 * Compiles the `@example` of everything that is exported, with TypeScript 5.9 and 7.
 *
 * @returns what is wrong: an exported function or class without an example, or what a compiler says
 */
export async function checkExamples(face) {
  const { examples, lacking } = examplesOf(face);
  await mkdir(folder, { recursive: true });
  try {
    const files = [];
    for (const { name, code } of examples) {
      files.push(`${name}.ts`);
      await writeFile(join(folder, `${name}.ts`), `${code}\n`);
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: settings(), files }));
    const said = await Promise.all([compiledBy7(), compiledBy59(face.ts, files)]);
    return [...lacking.map((name) => `${name} has no @example.`), ...said.flat()];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function settings() {
  return {
    target: 'es2022',
    lib: ['es2023'],
    module: 'nodenext',
    strict: true,
    ...STRICT,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    esModuleInterop: true,
    skipLibCheck: true,
    types: ['node'],
    noEmit: true,
  };
}

function compiledBy7() {
  return run(tool('tsc'), ['-p', folder]).then(
    () => [],
    ({ message }) => [message],
  );
}

function compiledBy59(ts, files) {
  const program = ts.createProgram(
    files.map((file) => join(folder, file)),
    { ...OPTIONS, ...STRICT },
  );
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => folder, getNewLine: () => '\n' };
  return ts.getPreEmitDiagnostics(program).map((one) => `TypeScript 5.9: ${ts.formatDiagnostic(one, host).trim()}`);
}

/** The examples in documentation comments, and the functions and classes that have none. */
function examplesOf({ ts, entries }) {
  const examples = [];
  const lacking = [];
  const seen = new Set();
  for (const { symbols } of entries) {
    for (const { name, symbol } of symbols) {
      if (seen.has(symbol)) continue;
      seen.add(symbol);
      const found = (symbol.declarations ?? []).flatMap((declaration) => examplesIn(ts, declaration));
      found.forEach((code, index) => {
        examples.push({ name: `${name}-${index}`, code });
      });
      if (found.length === 0 && symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class)) lacking.push(name);
    }
  }
  return { examples, lacking };
}

/** Read from the text of the comment: the compiler takes the decorators of an example for tags. */
function examplesIn(ts, declaration) {
  const comments = ts.getJSDocCommentsAndTags(declaration).filter((node) => ts.isJSDoc(node));
  return comments.flatMap((comment) => {
    const [, ...examples] = comment
      .getText()
      .replaceAll(/^ *\* ?/gm, '')
      .split(/^@example\n/m);
    return examples.map((text) => /^```ts\n(.*?)^```/ms.exec(text)?.[1]).filter((code) => code !== undefined);
  });
}
