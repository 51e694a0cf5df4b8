import { join } from 'node:path';
import ts from 'typescript';
import { root } from './places.mjs';

/** The published entries, as the compiler reads them. */
export function openSources() {
  const configuration = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent({ ...configuration, include: ['src/public'] }, ts.sys, root);
  const files = ts.sys.readDirectory(join(root, 'src/public'), ['.ts']);
  const program = ts.createProgram(files, options);
  const checker = program.getTypeChecker();
  const names = new Map();
  for (const file of files) {
    const source = program.getSourceFile(file);
    for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(source))) {
      names.set(symbol.name, symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
    }
  }
  return { ts, checker, names };
}

/** The documentation comment of a symbol, without its tags, as Markdown. */
export function textOf({ ts, checker }, symbol) {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();
}

/** The code of the first example in the documentation comment of a symbol. */
export function exampleOf(symbol) {
  for (const declaration of symbol.declarations ?? []) {
    const source = declaration.getSourceFile().text.slice(declaration.getFullStart(), declaration.getStart());
    const example = /@example\n(.*?```ts.*?```)/s.exec(source.replaceAll(/^ *\* ?/gm, ''))?.[1];
    if (example !== undefined) return example.trim();
  }
  return undefined;
}
