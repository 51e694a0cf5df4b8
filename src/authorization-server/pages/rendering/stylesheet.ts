import { createHash } from 'node:crypto';

/** The stylesheet. Colour pairs have a contrast of at least 4.5 to 1 in both schemes (WCAG 2.2 §1.4.3). */
const CSS = `:root {
  color-scheme: light dark;
  --ground: #f4f5f7;
  --card: #ffffff;
  --text: #1b1f27;
  --muted: #565e6c;
  --line: #d5d9e0;
  --field: #868e9c;
  --accent: #1f57c3;
  --accent-strong: #17459e;
  --on-accent: #ffffff;
  --danger: #b3261e;
  --danger-ground: #fdf0ef;
  --good: #17653a;
  --good-ground: #ecf7f0;
  --radius: 10px;
  --s1: #1f57c3;
  --s2: #b3261e;
  --s3: #17653a;
  --s4: #8a5a00;
  --s5: #7a3fa0;
  --s6: #565e6c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151a;
    --card: #1b1f26;
    --text: #e7eaf0;
    --muted: #a6aebb;
    --line: #343b47;
    --field: #768092;
    --accent: #8db4ff;
    --accent-strong: #b1cbff;
    --on-accent: #0d1a33;
    --danger: #ff9a92;
    --danger-ground: #341d1c;
    --good: #85d6a5;
    --good-ground: #17301f;
    --s1: #8db4ff;
    --s2: #ff9a92;
    --s3: #85d6a5;
    --s4: #e8c26a;
    --s5: #d0a6f0;
    --s6: #a6aebb;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  min-height: 100vh;
  background: var(--ground);
  color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
h1 { margin: 0 0 0.75rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -0.01em; }
h2 { margin: 0 0 0.5rem; font-size: 1.0625rem; line-height: 1.35; }
p, ul, dl { margin: 0 0 1rem; }
a { color: var(--accent); text-underline-offset: 0.15em; }
a:hover { color: var(--accent-strong); }
code { font: 0.875em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
bdi.value { font-weight: 600; }
.hint { color: var(--muted); font-size: 0.9375rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }

.skip { position: absolute; inset-inline-start: 1rem; top: -4rem; padding: 0.5rem 1rem; background: var(--card); border-radius: 0 0 6px 6px; z-index: 1; }
.skip:focus { top: 0; }
.site, main { width: 100%; margin-inline: auto; padding-inline: 1rem; }
.narrow .site, .narrow main { max-width: 30rem; }
.wide .site, .wide main { max-width: 62rem; }
.narrow .site { padding-top: clamp(1.5rem, 10vh, 6rem); text-align: center; }
.site-name { margin: 0 0 1rem; font-weight: 600; color: var(--muted); }
main { padding-bottom: 3rem; }
.wide .site { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 2rem; padding-block: 1rem 0.75rem; margin-bottom: 0.75rem; }
.wide .site-name { margin: 0; color: var(--text); }
nav { display: flex; flex: 1 1 20rem; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0.25rem 2rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding-block: 0.25rem; }
nav a[aria-current] { color: var(--text); font-weight: 600; text-decoration-thickness: 2px; }
.viewer { margin: 0; color: var(--muted); font-size: 0.9375rem; }
.viewer a { margin-inline-start: 0.75rem; }

.card, .sheet { padding: clamp(1.25rem, 5vw, 2rem); background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); }
.wide .card, .sheet { max-width: 40rem; }
.card > :last-child, .card form > :last-child { margin-bottom: 0; }
.heading { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: 0.5rem 1rem; margin-bottom: 1rem; }
.heading h1 { margin: 0; }
.back { margin-bottom: 0.5rem; font-size: 0.9375rem; }

.field { margin-bottom: 1.125rem; }
label, legend, .label { font-weight: 600; font-size: 0.9375rem; }
.field label { display: block; margin-bottom: 0.25rem; }
.field .hint { margin: 0 0 0.375rem; }
input[type="text"], input[type="password"], input[type="search"], select, textarea {
  display: block;
  width: 100%;
  min-height: 2.75rem;
  padding: 0.5rem 0.75rem;
  border: 1px solid var(--field);
  border-radius: 6px;
  background: var(--card);
  color: inherit;
  font: inherit;
}
textarea { resize: vertical; }
textarea, .facts code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: 0.9375rem; }
input:focus-visible, select:focus-visible, textarea:focus-visible { outline-offset: 0; border-color: var(--accent); border-radius: 6px; }
input[aria-invalid], textarea[aria-invalid] { border-color: var(--danger); border-width: 2px; }
fieldset { margin: 0 0 1.125rem; padding: 0; border: 0; min-width: 0; }
legend { padding: 0; margin-bottom: 0.375rem; }
.choice { display: grid; grid-template-columns: auto 1fr; gap: 0 0.625rem; align-items: start; padding-block: 0.3rem; }
.choice label { font-weight: 400; font-size: 1rem; }
.choice .hint { grid-column: 2; margin: 0; }
.choice input { width: 1.25rem; height: 1.25rem; margin: 0.125rem 0 0; accent-color: var(--accent); }
input.code { font: 1.375rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; letter-spacing: 0.1em; text-transform: uppercase; }
p.code { margin: 0 0 1rem; padding: 0.625rem; border: 1px solid var(--line); border-radius: 6px; font: 600 1.5rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; letter-spacing: 0.1em; text-align: center; }

button, .button {
  display: inline-block;
  min-height: 2.75rem;
  padding: 0.5625rem 1.125rem;
  border: 1px solid var(--field);
  border-radius: 6px;
  background: var(--card);
  color: var(--text);
  font: inherit;
  font-weight: 600;
  text-align: center;
  text-decoration: none;
  cursor: pointer;
}
button:hover, .button:hover { border-color: var(--text); color: var(--text); }
.primary, .primary:hover { border-color: transparent; background: var(--accent); color: var(--on-accent); }
.primary:hover { background: var(--accent-strong); }
.danger, .danger:hover { color: var(--danger); border-color: var(--danger); }
.primary.danger, .primary.danger:hover { background: var(--danger); border-color: transparent; color: var(--card); }
button.link { min-height: 0; padding: 0.25rem; border: 0; background: none; color: var(--accent); font-weight: 400; text-decoration: underline; text-underline-offset: 0.15em; }
.narrow form > .primary { width: 100%; margin-top: 0.25rem; }
.aside { margin-top: 1rem; text-align: center; }
.choices { display: flex; flex-wrap: wrap; gap: 0.75rem; margin-top: 1.25rem; }
.narrow .choices > * { flex: 1 1 8rem; }

.notice, .problem, .secret { margin-bottom: 1.25rem; padding: 0.875rem 1rem; border: 1px solid; border-inline-start-width: 5px; border-radius: 6px; }
.notice, .secret { border-color: var(--good); background: var(--good-ground); }
.problem { border-color: var(--danger); background: var(--danger-ground); }
.problem h2 { margin-bottom: 0.25rem; }
.problem ul { margin: 0; padding: 0; list-style: none; }
.problem a { color: var(--danger); font-weight: 600; }
.secret > :last-child { margin-bottom: 0; }
.secret p:first-of-type { margin-bottom: 0.5rem; }
.wide .problem { max-width: 40rem; }
.secret code { font-size: 1rem; user-select: all; }
.empty { padding: 2rem 1rem; border: 1px dashed var(--field); border-radius: var(--radius); color: var(--muted); text-align: center; }

.scopes { padding-inline-start: 1.25rem; }
.scopes li { margin-bottom: 0.25rem; }
.scopes code, .choice code { color: var(--muted); }
h2.label { margin-bottom: 0.375rem; }
.items { padding: 0; list-style: none; }
.items > li { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: 0.75rem 1rem; padding: 1rem 1.25rem; margin-bottom: 0.75rem; background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); }
.item-text { flex: 1 1 16rem; min-width: 0; }
.item-text p, .item-text ul { margin-bottom: 0.25rem; }
.item-text > :last-child { margin-bottom: 0; }
.item-text h2 { margin-bottom: 0.25rem; }
.state { display: inline-block; padding: 0.125rem 0.625rem; border: 1px solid; border-radius: 1rem; font-size: 0.875rem; font-weight: 600; white-space: nowrap; }
.state.on { color: var(--good); background: var(--good-ground); }
.state.off { color: var(--danger); background: var(--danger-ground); }
.facts { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); }
.facts > div { display: grid; grid-template-columns: minmax(8rem, 12rem) 1fr; gap: 0.125rem 1rem; padding: 0.75rem 1.25rem; }
.facts > div + div { border-top: 1px solid var(--line); }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; min-width: 0; }
.facts ul { margin: 0; padding: 0; list-style: none; }
.facts li { margin: 0; }

.search { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: end; margin-bottom: 1.5rem; }
.search .field { flex: 1 1 14rem; margin: 0; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); font-size: 0.9375rem; }
th, td { padding: 0.625rem 0.75rem; text-align: start; vertical-align: top; }
thead th { color: var(--muted); font-size: 0.875rem; white-space: nowrap; }
tbody tr { border-top: 1px solid var(--line); }
tbody td { min-width: 4.5rem; }
tbody td, tbody th { overflow-wrap: break-word; }
tbody th { font-weight: 400; white-space: nowrap; }
td .button { min-height: 0; margin-top: 0.375rem; padding: 0.25rem 0.75rem; font-size: 0.875rem; }
section { margin-top: 2rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; align-items: start; }
figure { min-width: 0; margin: 0; padding: 1rem 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); }
figcaption { margin-bottom: 0.5rem; font-weight: 600; }
figure > :last-child { margin-bottom: 0; }
.chart { display: block; width: 100%; height: auto; margin-bottom: 0.5rem; color: var(--muted); }
.chart text { fill: currentColor; font-size: 13px; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .track { fill: var(--line); }
.chart .s1 { fill: var(--s1); }
.chart .s2 { fill: var(--s2); }
.chart .s3 { fill: var(--s3); }
.chart .s4 { fill: var(--s4); }
.chart .s5 { fill: var(--s5); }
.chart .s6 { fill: var(--s6); }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin-bottom: 0.5rem; padding: 0; list-style: none; font-size: 0.9375rem; }
.swatch { display: inline-block; width: 0.75rem; height: 0.75rem; margin-inline-end: 0.25rem; border-radius: 2px; forced-color-adjust: none; }
.swatch.s1 { background: var(--s1); }
.swatch.s2 { background: var(--s2); }
.swatch.s3 { background: var(--s3); }
.swatch.s4 { background: var(--s4); }
.swatch.s5 { background: var(--s5); }
.swatch.s6 { background: var(--s6); }
summary { padding-block: 0.25rem; color: var(--accent); cursor: pointer; }
details table { margin-top: 0.5rem; font-size: 0.875rem; }
details th, details td { padding: 0.375rem 0.5rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 48rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, th, td { display: block; }
  tbody tr { padding-block: 0.5rem; }
  tbody th, tbody td { display: grid; grid-template-columns: 8rem 1fr; gap: 0 0.75rem; padding: 0.25rem 0.75rem; }
  tbody [data-label]::before { content: attr(data-label); color: var(--muted); }
  td .button, td .state { justify-self: start; grid-column: 2; }
  .facts > div { grid-template-columns: 1fr; }
}
@media (prefers-reduced-motion: no-preference) {
  button, .button, a { transition: background-color 120ms, border-color 120ms, color 120ms; }
}
@media (forced-colors: active) {
  .state, .notice, .problem, .secret { border: 2px solid; }
}
`;

/** A file whose content never changes under its name. */
export interface Stylesheet {
  readonly text: string;
  /** Below the prefix, e.g. `/style.3fZ0….css`. */
  readonly path: string;
}

/** The stylesheet under a name with the digest of its content, so that browsers may cache it permanently. */
export const STYLESHEET: Stylesheet = {
  text: CSS,
  path: `/style.${createHash('sha256').update(CSS).digest('base64url').slice(0, 16)}.css`,
};
