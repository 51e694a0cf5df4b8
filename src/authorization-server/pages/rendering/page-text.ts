const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Characters that change how the text around them is shown: control characters, and the embeddings, overrides and
 * isolates of bidirectional text. With them the name of an application could turn around a whole sentence.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about.
const DECEPTIVE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Escapes text for use in elements and quoted attributes. Every value in a template is escaped by it. */
export function escapeHtml(value: unknown): string {
  return String(value)
    .replace(DECEPTIVE, '')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

/** Replaces `{name}` by values, as plain text. */
export function fillText(text: string, values: Readonly<Record<string, unknown>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** Like `fillText`, but returns HTML: the values are emphasized and isolated in their direction of writing. */
export function fillHtml(text: string, values: Readonly<Record<string, unknown>>): string {
  const dependencies = text.split(/\{(\w+)\}/);
  return dependencies
    .map((part, index) => {
      if (index % 2 === 0) return escapeHtml(part);
      return part in values ? `<bdi class="value">${escapeHtml(values[part])}</bdi>` : escapeHtml(`{${part}}`);
    })
    .join('');
}
