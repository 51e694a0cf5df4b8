import { escapeHtml } from '../rendering/page-text.js';

/** An element; `undefined` attributes are left out. What is in it is SVG already. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  content = '',
): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeHtml(typeof value === 'number' ? rounded(value) : value)}"`);
  return content === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${content}</${name}>`;
}

/** Text at a point. */
export function text(x: number, y: number, anchor: 'start' | 'middle' | 'end', content: string): string {
  return element('text', { x, y, 'text-anchor': anchor }, escapeHtml(content));
}

/**
 * A whole picture. It is an image with a name and a description to screen readers; colours come from classes of the
 * stylesheet, since the policy of the pages allows no style here.
 */
export function picture({ id, title, description, width, height }: PictureFrame, parts: readonly string[]): string {
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'chart',
      role: 'img',
      'aria-labelledby': `${id}-title ${id}-desc`,
      viewBox: `0 0 ${width} ${height}`,
    },
    element('title', { id: `${id}-title` }, escapeHtml(title)) +
      element('desc', { id: `${id}-desc` }, escapeHtml(description)) +
      parts.join(''),
  );
}

/** What every picture has. */
export interface PictureFrame {
  readonly id: string;
  readonly title: string;
  /** The picture in words. */
  readonly description: string;
  readonly width: number;
  readonly height: number;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
