import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../run.mjs';

const parts = join(root, 'scripts/doc-examples');
const IMPORT = /^import\s[^;]*;\n?/gm;

/**
 * The program that each code block is, or is part of.
 *
 * @returns for each its name, its text, whether it declares something for all modules, and how it is run
 */
export async function programsOf(blocks, problems) {
  const known = new Map();
  // Examples that are files of one application are in a folder of their own.
  const isApplication = blocks.some(({ file }) => file !== undefined);
  const programs = [];
  for (const block of blocks.filter(({ isCode }) => isCode)) {
    const before = block.continues === undefined ? undefined : known.get(block.continues);
    if (block.continues !== undefined && before === undefined) {
      problems.push(`${block.where}: there is no example "${block.continues}" before it.`);
      continue;
    }
    const program = await programOf(block, before, problems);
    if (program === undefined) continue;
    if (block.name !== undefined) known.set(block.name, program);
    programs.push({
      name: isApplication ? `${nameOf(block.page)}/${block.file ?? block.line}` : nameOf(block.where),
      where: block.where,
      run: block.run,
      text: textOf(program),
      isGlobal: /^declare module /m.test(textOf(program)),
    });
  }
  return programs;
}

function nameOf(place) {
  return place.replaceAll(/[^A-Za-z0-9]+/g, '-');
}

async function programOf(block, before, problems) {
  try {
    const preambles = await Promise.all((block.with?.split(',') ?? []).map((name) => part('with', name)));
    const given = withPlaceholders(split(block.code));
    const outer = block.inside === undefined ? undefined : split(await part('inside', block.inside));
    const own =
      outer === undefined
        ? given
        : { imports: [...outer.imports, ...given.imports], body: insert(outer.body, given.body) };
    const all = [
      ...preambles.map(split),
      ...(before === undefined ? [] : [before]),
      before === undefined ? own : inScope(own),
    ];
    return { imports: all.flatMap(({ imports }) => imports), body: all.map(({ body }) => body).join('\n') };
  } catch (error) {
    problems.push(`${block.where}: ${error.message}`);
    return undefined;
  }
}

function part(kind, name) {
  return readFile(join(parts, kind, `${name}.ts`), 'utf8').catch(() => {
    throw new Error(`scripts/doc-examples/${kind}/${name}.ts is missing.`);
  });
}

function split(code) {
  return { imports: code.match(IMPORT) ?? [], body: code.replaceAll(IMPORT, '').trim() };
}

function withPlaceholders({ imports, body }) {
  return { imports, body: body.replaceAll(/^( *)\/\/ …$/gm, '$1...others,') };
}

function insert(outer, body) {
  if (!outer.includes('/* example */')) throw new Error('What it is inside of has no /* example */.');
  return outer.replace('/* example */', () => body);
}

/** What it declares may have the same names as what it continues, as long as it exports nothing. */
function inScope({ imports, body }) {
  return /^(export|declare) /m.test(body) ? { imports, body } : { imports, body: `{\n${body}\n}` };
}

/** Every name is imported once, however often the parts import it. */
function textOf({ imports, body }) {
  return `${onlyOnce(imports).join('\n')}\n\n${body}\nexport {};\n`;
}

function onlyOnce(imports) {
  const named = new Map();
  const others = new Set();
  for (const line of imports) {
    const [, type, names, from] = /^import (type )?\{([^}]*)\} from '([^']+)';/s.exec(line) ?? [];
    if (from === undefined) {
      others.add(line.trim());
      continue;
    }
    const ofModule = named.get(from) ?? new Map();
    named.set(from, ofModule);
    for (const name of names
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '')) {
      const bare = name.replace(/^type /, '');
      const isType = type !== undefined || name !== bare;
      if (ofModule.get(bare) !== false) ofModule.set(bare, isType);
    }
  }
  const lists = [...named].map(([from, names]) => {
    const list = [...names].map(([name, isType]) => (isType ? `type ${name}` : name)).join(', ');
    return `import { ${list} } from '${from}';`;
  });
  return [...others, ...lists];
}
