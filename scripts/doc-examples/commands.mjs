import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { root } from '../run.mjs';

const helps = new Map();

/**
 * Checks each command of rc-oauth2 on a page, in blocks and in the text: it exists, and so does each of its options.
 *
 * @returns how many there are
 */
export async function checkCommands(page, text, blocks, problems) {
  const commands = [...blocks.filter(({ isShell }) => isShell).flatMap(inBlock), ...inText(page, text)];
  for (const { where, words } of commands) {
    const problem = await problemOf(words);
    if (problem !== undefined) problems.push(`${where}: ${problem}`);
  }
  return commands.length;
}

/** The lines of a block, with their continuations and without comments. */
function inBlock({ page, line, code }) {
  const found = [];
  let joined = '';
  code.split('\n').forEach((text, index) => {
    joined += text.replace(/(^|\s)#.*$/, '').replace(/\\$/, ' ');
    if (/\\$/.test(text)) return;
    for (const part of joined.split(/&&|\|\||[|;]/)) {
      const words = part.trim().match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
      while (words[0] === 'npx' || /^[A-Z_0-9]+=/.test(words[0] ?? '')) words.shift();
      if (words[0] === 'rc-oauth2') found.push({ where: `${page}:${line + 1 + index}`, words: words.slice(1) });
    }
    joined = '';
  });
  return found;
}

/** Code in a line of text that begins with the name of the command. */
function inText(page, text) {
  const lines = text.replaceAll(/^( *)```.*?^\1```$/gms, (block) => block.replaceAll(/[^\n]/g, '')).split('\n');
  return lines.flatMap((line, index) =>
    [...line.matchAll(/`(?:npx )?rc-oauth2 ([^`]+)`/g)].map(([, command]) => ({
      where: `${page}:${index + 1}`,
      words: command.match(/"[^"]*"|'[^']*'|\S+/g) ?? [],
    })),
  );
}

async function problemOf(words) {
  const path = [];
  let help = await helpOf(path);
  for (const word of words) {
    if (!/^[a-z][a-z-]*$/.test(word) || !subcommands(help).includes(word)) break;
    path.push(word);
    help = await helpOf(path);
  }
  const name = ['rc-oauth2', ...path].join(' ');
  const next = words[path.length];
  if (subcommands(help).length > 0 && next !== undefined && /^[a-z]/.test(next))
    return `${name} has no command "${next}".`;
  const options = new Set(help.match(/(?<![\w-])--?[a-z][a-z0-9-]*/g) ?? []);
  for (const word of words.slice(path.length)) {
    const option = /^(--?[a-z][a-z0-9-]*)/.exec(word)?.[1];
    if (option !== undefined && !options.has(option)) return `${name} has no option ${option}.`;
  }
  return undefined;
}

/** The commands that a help lists. */
function subcommands(help) {
  const list = /^Commands:\n((?: .*\n)+)/m.exec(help)?.[1] ?? '';
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name).filter((name) => name !== 'help');
}

/** What the command says of itself: its definition, as people read it. */
async function helpOf(path) {
  const key = path.join(' ');
  const known = helps.get(key);
  if (known !== undefined) return known;
  const { run } = await import(pathToFileURL(join(root, 'dist/cli/program.js')).href);
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  await run([...path, '--help'], { stdin: process.stdin, stdout, stderr, env: {} });
  const help = String(stdout.read() ?? '') + String(stderr.read() ?? '');
  helps.set(key, help);
  return help;
}
