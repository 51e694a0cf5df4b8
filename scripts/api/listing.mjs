import { isVisible } from './face.mjs';

/** What users can import, as a page of Markdown, in an order that depends on names only. */
export function listing(face, helpers) {
  const seen = new Map();
  return `# API

Everything that can be imported, by entry, with its signature. This file is made by \`npm run api\` from the compiled
declarations. What a name means is in its documentation comment, which editors show.

${face.entries.map((entry) => section(face, entry, seen, helpers)).join('\n')}`;
}

function section(face, { name, symbols }, seen, helpers) {
  const elsewhere = [];
  const texts = [];
  for (const { name: exported, symbol } of symbols) {
    const first = seen.get(symbol);
    if (first === undefined) {
      seen.set(symbol, name);
      const parts = [...helpers.get(symbol)].sort((left, right) => (left.name < right.name ? -1 : 1));
      texts.push([symbol, ...parts].map((one) => declarationsOf(face, one)).join('\n'));
    } else elsewhere.push(`\`${exported}\` (\`${first}\`)`);
  }
  const also = elsewhere.length === 0 ? '' : `\nAlso exported by another entry: ${elsewhere.join(', ')}.\n`;
  return `## ${name}\n\n\`\`\`ts\n${texts.join('\n\n')}\n\`\`\`\n${also}`;
}

function declarationsOf({ ts }, symbol) {
  const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });
  return symbol.declarations
    .map((declaration) => {
      const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
      const text = printer.printNode(ts.EmitHint.Unspecified, visiblePart(ts, node), node.getSourceFile());
      return text.replace(/^(export )?(declare )?/, '').replaceAll('    ', '  ');
    })
    .join('\n');
}

function visiblePart(ts, node) {
  const members = node.members?.filter((member) => isVisible(member));
  if (ts.isClassDeclaration(node)) {
    const { modifiers, name, typeParameters, heritageClauses } = node;
    return ts.factory.updateClassDeclaration(node, modifiers, name, typeParameters, heritageClauses, members);
  }
  if (ts.isInterfaceDeclaration(node)) {
    const { modifiers, name, typeParameters, heritageClauses } = node;
    return ts.factory.updateInterfaceDeclaration(node, modifiers, name, typeParameters, heritageClauses, members);
  }
  return node;
}
