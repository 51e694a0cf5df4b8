import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pages, root, site } from './places.mjs';
import { slug } from './slug.mjs';

const INTRODUCTION = `# Security

What the specifications recommend, the setting that decides on it here, and the tests that prove it. "Always" means that
nothing turns it off. How to report a vulnerability, what the package guarantees and what it does not:
[security policy](./security-policy.md).
`;

const GROUPS = {
  RS: 'Resource server',
  AS: 'Authorization server',
  TH: 'Throttling',
  IM: 'Import',
  ALL: 'Everywhere',
};

/**
 * Writes the page of recommendations.
 *
 * @param {ReadonlySet<string>} options the paths of all options; a setting that is none of them fails
 */
export async function writeSecurity(options) {
  const rules = JSON.parse(await readFile(join(root, 'test/checklist.json'), 'utf8'));
  const settings = JSON.parse(await readFile(join(site, 'security-settings.json'), 'utf8'));
  const differing = [...Object.keys(rules), ...Object.keys(settings)].filter(
    (id) => rules[id] === undefined || settings[id] === undefined,
  );
  if (differing.length > 0)
    throw new Error(`security-settings.json and the checklist differ in: ${differing.join(', ')}`);
  const unknown = Object.values(settings).flatMap((setting) => unknownOptions(setting, options));
  if (unknown.length > 0)
    throw new Error(`security-settings.json names options that do not exist: ${unknown.join(', ')}`);
  const sections = Object.entries(GROUPS).map(([prefix, title]) => section(prefix, title, rules, settings));
  await writeFile(join(pages, 'security.md'), `${INTRODUCTION}\n${sections.join('\n')}`);
}

function section(prefix, title, rules, settings) {
  const rows = Object.entries(rules)
    .filter(([id]) => id.startsWith(`${prefix}-`))
    .map(([id, rule]) => {
      const tests = `[${id}](./compliance.md#${slug(`${id}: ${rule}`)})`;
      return `| ${cell(rule)} | ${cell(settings[id])} | ${tests} |`;
    });
  return `## ${title}\n\n| recommendation | setting | tests |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

/** Rules are plain text, in which braces and angle brackets mean nothing; settings are Markdown. */
function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('{{', '&#123;&#123;');
}

/** Names in code that look like an option, without those that are called or belong to what a sentence says. */
function unknownOptions(setting, options) {
  const names = [...setting.matchAll(/`([a-z][A-Za-z0-9.]*)`/g)].map(([, name]) => name);
  return names.filter((name) => !options.has(name) && !isFunction(name));
}

function isFunction(name) {
  return ['jwtTokens', 'introspectedTokens', 'oauth2.sessions'].includes(name);
}
