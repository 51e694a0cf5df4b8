import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript-5.9';
import { root } from '../run.mjs';

/** How the declarations are read: as most users compile. */
export const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  esModuleInterop: true,
  skipLibCheck: true,
  types: ['node'],
  noEmit: true,
};

/**
 * What users can import: the entries of "exports" with their symbols, in a stable order.
 *
 * @param {readonly string[]} others files that are compiled with them
 */
export async function openFace(others = []) {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const files = Object.entries(manifest.exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([entry, target]) => ({ name: join(manifest.name, entry), file: join(root, target.types) }));
  const program = ts.createProgram([...files.map(({ file }) => file), ...others], OPTIONS);
  const checker = program.getTypeChecker();
  const entries = files.map(({ name, file }) => {
    const source = program.getSourceFile(file);
    if (source === undefined) throw new Error(`${file} is missing: run npm run build.`);
    const symbols = checker
      .getExportsOfModule(checker.getSymbolAtLocation(source))
      .map((symbol) => ({ name: symbol.name, symbol: resolved(checker, symbol) }))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
    return { name, symbols };
  });
  return { ts, program, checker, entries };
}

/** The symbol that a re-export stands for. */
export function resolved(checker, symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** Whether users can see a member: it is neither private nor named by a symbol, which only this package has. */
export function isVisible(member) {
  if (member.name !== undefined && (ts.isPrivateIdentifier(member.name) || isBySymbol(member.name))) return false;
  return !(ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private);
}

function isBySymbol(name) {
  return ts.isComputedPropertyName(name) && ts.isIdentifier(name.expression);
}
