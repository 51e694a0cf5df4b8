import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pages } from './places.mjs';
import { exampleOf, textOf } from './sources.mjs';

const INTRODUCTION = `# Errors

What is thrown and answered, by code, made from the classes of the package. The body of an answer is
\`{"error": code, "error_description": text}\` unless the option \`errorBody\` says otherwise. The classes can be thrown by
actions and permissions, and told apart with \`instanceof\` or by \`error.code\`.
`;

/** Writes the page of all errors, by code. */
export async function writeErrors(sources) {
  const errors = errorsIn(sources);
  const index = errors.map(({ code, name, status }) => `| [\`${code}\`](#${code}) | ${status} | \`${name}\` |`);
  const table = `| code | status | class |\n| --- | --- | --- |\n${index.join('\n')}\n`;
  const sections = errors.map(({ code, name, symbol }) => {
    const example = exampleOf(symbol);
    return `## ${code} {#${code}}\n\n\`${name}\`. ${textOf(sources, symbol)}\n\n${example ?? ''}\n`;
  });
  await writeFile(join(pages, 'errors.md'), `${INTRODUCTION}\n${table}\n${sections.join('\n')}`);
}

function errorsIn(sources) {
  const { ts, names } = sources;
  const found = [];
  for (const [name, symbol] of names) {
    const declaration = symbol.declarations?.find((one) => ts.isClassDeclaration(one));
    const code = declaration?.members.find((one) => ts.isPropertyDeclaration(one) && isStatic(ts, one, 'code'));
    if (code?.initializer === undefined) continue;
    const status = /^\d{3}/.exec(textOf(sources, symbol))?.[0] ?? '–';
    found.push({ name, symbol, code: code.initializer.text, status });
  }
  return found.sort((left, right) => (left.code < right.code ? -1 : 1));
}

function isStatic(ts, member, name) {
  return member.name.getText() === name && (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Static) !== 0;
}
