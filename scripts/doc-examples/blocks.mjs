const FENCE = /^( *)```(\S*)\n(.*?)^\1```$/gms;
const NOTE = /<!-- example: (.*?) -->\s*$/;
const KEYS = new Set(['name', 'continues', 'with', 'inside', 'file', 'run']);
const CODE = new Set(['ts', 'js']);
/** What is shown, and neither compiled nor run. */
const SHOWN = new Set(['http', 'sql', 'text', 'yaml', 'nginx', 'dockerfile']);
const SHELL = new Set(['sh', 'bash']);

/**
 * The code blocks of a page, in their order.
 *
 * @param problems receives what is wrong with them
 */
export function blocksOf(page, text, problems) {
  const blocks = [];
  for (const found of text.matchAll(FENCE)) {
    const [, indent, language, code] = found;
    const line = text.slice(0, found.index).split('\n').length;
    const where = `${page}:${line}`;
    const note = NOTE.exec(text.slice(0, found.index))?.[1];
    const block = {
      page,
      where,
      line,
      language,
      code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      ...notes(note, where, problems),
    };
    if (language === 'json') checkJson(block, problems);
    else if (!CODE.has(language) && !SHELL.has(language) && !SHOWN.has(language))
      problems.push(`${where}: a block in "${language}" is not checked; say ts, js, json, sh, or text.`);
    blocks.push(block);
  }
  const fences = text.match(/^ *```/gm)?.length ?? 0;
  if (fences !== 2 * blocks.length) problems.push(`${page}: a code block is not closed, or within another.`);
  return blocks.map((block) => ({ ...block, isCode: CODE.has(block.language), isShell: SHELL.has(block.language) }));
}

function notes(note, where, problems) {
  const read = {};
  for (const part of note?.split(/\s+/) ?? []) {
    const [key, value] = part.split('=');
    if (!KEYS.has(key) || !value) problems.push(`${where}: "${part}" is no note; there are ${[...KEYS].join(', ')}.`);
    else read[key] = value;
  }
  return read;
}

function checkJson({ where, code }, problems) {
  try {
    JSON.parse(code);
  } catch (error) {
    problems.push(`${where}: ${error.message}`);
  }
}
