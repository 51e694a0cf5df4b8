import { join, relative } from 'node:path';
import { root } from '../run.mjs';
import { isVisible, resolved } from './face.mjs';

const dist = join(root, 'dist');

/**
 * What the signatures of the exported symbols name of this package, besides exported symbols:
 *
 * - `missing`: types that another module could import, so that users would look for them
 * - `helpers`: by symbol, the constants whose type is taken (`typeof`) and the types that are private to their module; they
 *   are no names for users, but a part of the signature
 */
export function reachable({ ts, checker, entries }) {
  const exported = new Set(entries.flatMap(({ symbols }) => symbols.map(({ symbol }) => symbol)));
  const missing = new Map();
  const helpers = new Map();
  for (const { symbols } of entries) {
    for (const { name, symbol } of symbols) {
      const own = new Set();
      helpers.set(symbol, own);
      for (const node of symbol.declarations ?? []) walk(node, name, own);
    }
  }
  return { missing: [...missing.values()].sort(), helpers };

  function walk(node, user, own) {
    if ((ts.isClassElement(node) || ts.isTypeElement(node)) && !isVisible(node)) return;
    const name = nameIn(node);
    if (name !== undefined) note(name, ts.isTypeQueryNode(node), user, own);
    ts.forEachChild(node, (child) => walk(child, user, own));
  }

  /** The name in a reference to a type or a base class; of `typeof a.b` it is `a`. */
  function nameIn(node) {
    if (ts.isTypeReferenceNode(node)) return node.typeName;
    if (ts.isExpressionWithTypeArguments(node)) return node.expression;
    if (ts.isImportTypeNode(node)) return node.qualifier;
    if (!ts.isTypeQueryNode(node)) return undefined;
    let name = node.exprName;
    while (ts.isQualifiedName(name)) name = name.left;
    return name;
  }

  function note(name, isTypeQuery, user, own) {
    const symbol = checker.getSymbolAtLocation(name);
    if (symbol === undefined) return;
    const target = resolved(checker, symbol);
    const [declaration] = target.declarations ?? [];
    if (declaration === undefined || ts.isTypeParameterDeclaration(declaration) || exported.has(target)) return;
    const { fileName } = declaration.getSourceFile();
    if (!fileName.startsWith(dist) || own.has(target)) return;
    if ((isTypeQuery && ts.isVariableDeclaration(declaration)) || !isExported(declaration)) {
      own.add(target);
      walk(declaration, user, own);
    } else missing.set(target, `${target.name} (${relative(dist, fileName)}) in ${user}`);
  }

  function isExported(declaration) {
    return (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Export) !== 0;
  }
}
