import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pages } from './places.mjs';
import { textOf } from './sources.mjs';

/** A printed type that is longer is given by its name alone, in the reference of the types. */
const LONGEST_TYPE = 120;

const INTRODUCTION = `# Options

Every option, made from the types of the package. A wrong option, and one that does not exist, is refused at start-up with its
name and what is right; a default stands in the text of its option.
`;

/**
 * Writes the page of all options: one section for each function of the package that takes options.
 *
 * @returns {Promise<ReadonlySet<string>>} the paths of all options, those of `authorizationServer` also with that name before
 */
export async function writeOptions(sources) {
  const lacking = [];
  const sections = functionsWithOptions(sources).map((one) => section(sources, one, lacking));
  if (lacking.length > 0) throw new Error(`Options without documentation:\n${lacking.join('\n')}`);
  const paths = new Set();
  for (const { name, rows } of sections) {
    for (const { path } of rows) paths.add(path).add(`${name}.${path}`);
  }
  await mkdir(join(pages, 'reference'), { recursive: true });
  await writeFile(join(pages, 'options.md'), `${INTRODUCTION}\n${sections.map(({ text }) => text).join('\n')}`);
  return paths;
}

/** The exported functions whose first parameter is an interface of options, `createOAuth2` first. */
function functionsWithOptions({ ts, checker, names }) {
  const found = [];
  for (const [name, symbol] of names) {
    const declaration = symbol.declarations?.find((one) => ts.isFunctionDeclaration(one));
    const parameter = declaration?.parameters[0];
    if (parameter?.type === undefined) continue;
    const options = optionsIn({ ts, checker }, checker.getTypeFromTypeNode(parameter.type));
    if (options.length === 1) found.push({ name, symbol, options: options[0] });
  }
  const rank = ({ name }) => (name === 'createOAuth2' ? 0 : name === 'authorizationServer' ? 1 : 2);
  return found.sort((left, right) => rank(left) - rank(right) || (left.name < right.name ? -1 : 1));
}

function section(sources, { name, symbol, options }, lacking) {
  const rows = [];
  collect(sources, options, '', rows, new Set());
  for (const { path, text } of rows) if (text === '') lacking.push(`${name}: ${path}`);
  const lines = rows.map(({ path, type, isRequired, text }) => {
    const required = isRequired ? ' (required)' : '';
    return `### \`${path}\`${required} {#${anchor(name, path)}}\n\n\`\`\`ts\n${type}\n\`\`\`\n\n${text}\n`;
  });
  return { name, rows, text: `## ${name}\n\n${textOf(sources, symbol)}\n\n${lines.join('\n')}` };
}

function anchor(name, path) {
  return `${name}-${path}`.replaceAll(/[^A-Za-z0-9-]+/g, '-').toLowerCase();
}

function collect(sources, type, prefix, rows, open) {
  const { ts, checker } = sources;
  if (open.has(type)) return;
  open.add(type);
  for (const property of checker.getPropertiesOfType(type)) {
    const node = property.valueDeclaration ?? property.declarations[0];
    const own = checker.getTypeOfSymbolAtLocation(property, node);
    const path = `${prefix}${property.name}`;
    const text = textOf(sources, property);
    const isRequired = (property.flags & ts.SymbolFlags.Optional) === 0;
    rows.push({ path, type: printed(sources, node, own), isRequired, text });
    for (const inner of optionsIn(sources, own)) collect(sources, inner, `${path}.`, rows, open);
    const element = elementOf(sources, own);
    if (element !== undefined) {
      const step = `${path}.<name>.`;
      for (const inner of optionsIn(sources, element)) collect(sources, inner, step, rows, open);
    }
  }
  open.delete(type);
}

/** The type as it is written, which has the names that users know. */
function printed({ checker, ts }, node, type) {
  const written = node.type
    ?.getText()
    .replaceAll(/\s+/g, ' ')
    .replace(/ \| undefined$/, '');
  if (written !== undefined && written.length <= LONGEST_TYPE) return written;
  return checker.typeToString(type, node, ts.TypeFormatFlags.NoTruncation);
}

/** The value type of a record of options, such as that of resources by URI. */
function elementOf({ checker }, type) {
  const [index] = checker.getIndexInfosOfType(checker.getNonNullableType(type));
  return index?.type;
}

/** The members of a union that are interfaces of options. */
function optionsIn({ ts, checker }, type) {
  const present = checker.getNonNullableType(type);
  const members = present.isUnion() ? present.types : [present];
  return members.filter((member) => {
    const name = (member.aliasSymbol ?? member.symbol)?.name ?? '';
    return member.flags & ts.TypeFlags.Object && name.endsWith('Options');
  });
}
