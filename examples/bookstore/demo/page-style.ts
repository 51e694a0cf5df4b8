import { createHash } from 'node:crypto';

/** In the look of the pages of the authorization server. Colour pairs have a contrast of at least 4.5 to 1. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #f4f5f7; --card: #fff; --text: #1b1f27; --muted: #565e6c; --line: #d5d9e0; --accent: #1f57c3; --on-accent: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #12151a; --card: #1b1f26; --text: #e7eaf0; --muted: #a6aebb; --line: #343b47; --accent: #8db4ff; --on-accent: #0d1a33; }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
header, main { max-width: 62rem; margin-inline: auto; padding-inline: 1rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 2rem; padding-block: 1rem 0.75rem; }
header p { margin: 0; font-weight: 600; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding-block: 0.25rem; }
main { padding-bottom: 3rem; }
main:focus { outline: none; }
section { margin-bottom: 1rem; padding: clamp(1rem, 4vw, 1.75rem); background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
section > :last-child { margin-bottom: 0; }
h1 { margin: 0.75rem 0; font-size: 1.5rem; line-height: 1.25; letter-spacing: -0.01em; }
h2 { margin: 0 0 0.5rem; font-size: 1.125rem; }
h3 { margin: 1.25rem 0 0.375rem; font-size: 1rem; font-weight: 600; }
p, ul, table { margin: 0 0 1rem; }
a { color: var(--accent); text-underline-offset: 0.15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
code, pre { font: 0.875rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
pre { margin: 0 0 0.5rem; padding: 0.625rem 0.875rem; background: var(--ground); border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; }
.hint { color: var(--muted); }
.button { display: inline-block; min-height: 2.75rem; padding: 0.5625rem 1.125rem; border-radius: 6px; background: var(--accent); color: var(--on-accent); font-weight: 600; text-decoration: none; }
.scroll { overflow-x: auto; margin-bottom: 1rem; }
table { width: 100%; min-width: 44rem; border-collapse: collapse; overflow-wrap: normal; }
th, td { padding: 0.375rem 0.75rem 0.375rem 0; border-bottom: 1px solid var(--line); text-align: start; vertical-align: top; }
.skip { position: absolute; inset-inline-start: 1rem; top: -4rem; padding: 0.5rem 1rem; background: var(--card); border-radius: 0 0 6px 6px; }
.skip:focus { top: 0; }
`;

/** No scripts, no frames, nothing from other origins, and only this style. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
