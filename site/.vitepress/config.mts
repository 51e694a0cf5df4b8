import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { slug } from '../scripts/slug.mjs';

/** The guides in the order of the side bar. A page that is in no group fails the build. */
const GROUPS: readonly { readonly text: string; readonly pages: Readonly<Record<string, string>> }[] = [
  { text: 'Start', pages: { overview: 'Overview', tutorial: 'Tutorial' } },
  {
    text: 'Guides',
    pages: {
      guards: 'Guards and permissions',
      throttling: 'Throttling',
      tokens: 'Tokens',
      'authorization-server': 'Authorization server',
      'sign-in': 'Sign-in',
      agents: 'Agents (MCP)',
      openapi: 'OpenAPI',
      testing: 'Tests of your application',
    },
  },
  {
    text: 'Operation',
    pages: {
      operations: 'Operations',
      'operations/sizing': 'Sizing',
      observability: 'Observability',
      'command-line': 'Command line',
      migrations: 'Migrations',
      'migrating-from-django': 'From Django OAuth Toolkit',
      revocation: 'Revocation',
      'shared-redis': 'One Redis for several applications',
      performance: 'Performance',
    },
  },
  {
    text: 'Reference',
    pages: {
      options: 'Options',
      errors: 'Errors',
      security: 'Security',
      texts: 'Texts of the pages',
      'reference/index': 'Names and types',
    },
  },
  {
    text: 'The project',
    pages: {
      architecture: 'Architecture',
      compliance: 'Compliance',
      contributing: 'Contributing',
      'security-policy': 'Security policy',
      changelog: 'Changelog',
    },
  },
];

const listed = new Set(GROUPS.flatMap(({ pages }) => Object.keys(pages)));
for (const file of readdirSync('pages')) {
  const page = file.replace(/\.md$/, '');
  if (file.endsWith('.md') && page !== 'index' && !listed.has(page)) {
    throw new Error(`${file} is in no group of the side bar.`);
  }
}

export default defineConfig({
  title: 'routing-controllers-oauth2',
  description: 'OAuth2 for routing-controllers on Koa: guards, throttles, tokens and an authorization server.',
  srcDir: 'pages',
  outDir: 'dist',
  cleanUrls: true,
  ignoreDeadLinks: false,
  // As the repository's own view of these files makes them, so that links to headings work in both.
  markdown: { anchor: { slugify: slug } },
  themeConfig: {
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      { text: 'Tutorial', link: '/tutorial' },
      { text: 'Guides', link: '/overview#guides' },
      { text: 'Options', link: '/options' },
      { text: 'Reference', link: '/reference/' },
    ],
    sidebar: GROUPS.map(({ text, pages }) => ({
      text,
      items: Object.entries(pages).map(([page, title]) => ({ text: title, link: `/${page.replace(/index$/, '')}` })),
    })),
  },
});
