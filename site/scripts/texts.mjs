import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pages, root } from './places.mjs';

const INTRODUCTION = `# Texts

Every word on the pages of the authorization server, by group and name, with the English default. The option \`texts\` replaces
those that it names: \`texts: { login: { title: 'Anmelden' } }\`. What stands in braces is put in.
`;

/** Writes the page of all texts. */
export async function writeTexts() {
  const file = join(root, 'dist/authorization-server/pages/rendering/english.js');
  const { ENGLISH } = await import(pathToFileURL(file).href);
  const groups = Object.entries(ENGLISH).map(([group, texts]) => {
    const rows = Object.entries(texts).map(([name, text]) => `| \`${name}\` | ${text.replaceAll('|', '\\|')} |`);
    return `## ${group} {#${group}}\n\n| name | English |\n| --- | --- |\n${rows.join('\n')}\n`;
  });
  await writeFile(join(pages, 'texts.md'), `${INTRODUCTION}\n${groups.join('\n')}`);
}
