import type { Page } from 'playwright-core';

/** How far a text stands out from its ground (WCAG 2.2, contrast ratio). */
export interface TextContrast {
  readonly text: string;
  readonly ratio: number;
}

/** A text with its colour and that of its ground, as the browser computed them. */
interface ColouredText {
  readonly text: string;
  readonly color: string;
  readonly ground: string;
}

/** Runs in the page: all visible texts. As a string, since these tests are compiled without a browser's types. */
const COLOURED_TEXTS = `(() => {
  const isTransparent = (color) => Number((color.match(/[\\d.]+/g) ?? [])[3] ?? 1) === 0;
  const groundOf = (element) => {
    for (let current = element; current !== null; current = current.parentElement) {
      const color = getComputedStyle(current).backgroundColor;
      if (!isTransparent(color)) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const text = node.textContent.trim();
    const element = node.parentElement;
    if (text === '' || element.getClientRects().length === 0) continue;
    texts.push({ text, color: getComputedStyle(element).color, ground: groundOf(element) });
  }
  return texts;
})()`;

/** The contrast of every visible text on a page. */
export async function textContrasts(page: Page): Promise<TextContrast[]> {
  const texts: ColouredText[] = await page.evaluate(COLOURED_TEXTS);
  return texts.map(({ text, color, ground }) => ({ text, ratio: colourContrast(color, ground) }));
}

/** The contrast of two `rgb()` colours. */
export function colourContrast(one: string, other: string): number {
  return contrast(luminance(one), luminance(other));
}

function contrast(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

/** The relative luminance of an `rgb()` colour (WCAG 2.2). */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((text) => {
    const part = Number(text) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
