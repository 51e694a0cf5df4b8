import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PARTIALS, TEMPLATES } from '../../../../src/authorization-server/pages/rendering/templates/templates.js';
import type { Agent, Answer } from './agent.js';
import { only, PagesServer, passwordOf } from './pages-server.js';

describe('every page', () => {
  let pages: PagesServer;
  let carol: Agent;

  beforeAll(async () => {
    pages = await PagesServer.start();
    carol = await pages.signedIn('carol');
  });

  afterAll(() => pages.close());

  async function all(): Promise<Answer[]> {
    const { clientId } = await pages.register({ name: 'Hers', userId: 'carol' });
    const paths = [
      '/oauth2/authorized-applications',
      '/oauth2/applications',
      '/oauth2/applications/new',
      `/oauth2/applications/${clientId}`,
      `/oauth2/applications/${clientId}/edit`,
      `/oauth2/applications/${clientId}/delete`,
      '/oauth2/staff/applications',
      '/oauth2/staff/tokens?client_id=x',
      '/oauth2/sessions',
      '/oauth2/sessions/end-all',
      '/oauth2/staff/sessions?user_id=carol',
      '/oauth2/staff/overview',
      '/oauth2/sign-out',
      '/oauth2/applications/nope',
      '/oauth2/device',
      '/oauth2/authorize?client_id=unknown',
    ];
    const answers = [];
    for (const path of paths) answers.push(await carol.get(path));
    answers.push(await pages.agent().get('/oauth2/sign-in'));
    return answers;
  }

  test('[AS-30 §4.16] is sent with headers that allow no frame, no script and nothing from elsewhere', async () => {
    for (const { headers } of await all()) {
      const policy = headers.get('content-security-policy')?.split('; ') ?? [];
      expect(policy).toEqual(
        expect.arrayContaining([
          "default-src 'none'",
          "style-src 'self'",
          "form-action 'self'",
          "frame-ancestors 'none'",
          "base-uri 'none'",
        ]),
      );
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    }
  });

  test('has no script, no inline style and no handler, one h1, a language, a title and labels for its fields', async () => {
    for (const { html } of await all()) {
      expect(html).not.toMatch(/<script|<style|\sstyle=|\son[a-z]+=|javascript:|(src|href|action)="(?![/#])/);
      expect(html.match(/<h1/g)).toHaveLength(1);
      expect(html).toMatch(/^<!doctype html>\n<html lang="en" dir="ltr">/);
      expect(html).toMatch(/<title>[^<]+<\/title>/);
      expect(html).toContain('<main id="content"');
      for (const [, attributes = ''] of html.matchAll(/<(?:input|textarea) ([^>]*)>/g)) {
        if (/type="hidden"/.test(attributes)) continue;
        const id = /id="([^"]*)"/.exec(attributes)?.[1];
        expect(html).toContain(`<label for="${id}">`);
      }
    }
  });

  test('has its style from one file that may be kept for good', async () => {
    const page = await pages.agent().get('/oauth2/sign-in');
    const path = /<link rel="stylesheet" href="([^"]*)">/.exec(page.html)?.[1] ?? '';
    expect(path).toMatch(/^\/oauth2\/style\.[A-Za-z0-9_-]{16}\.css$/);
    const style = await pages.agent().get(path);
    expect([style.status, style.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8']);
    expect(style.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  test('its template writes nothing unescaped but other templates and texts that were escaped', () => {
    const raw = Object.values({ ...PARTIALS, ...TEMPLATES }).flatMap((template) => [
      ...template.matchAll(/<%~\s*(.*?)\s*%>/gs),
    ]);
    expect(raw.length).toBeGreaterThan(10);
    // The one script is a constant, and pictures escape what is in them (see the tests of the charts).
    for (const [, code = ''] of raw)
      expect(code).toMatch(/^(include\('@[a-z]+'|it\.fillHtml\(|it\.body$|model\.script$|(picture|span)\.svg$)/);
  });
});

describe('cookies', () => {
  test('of an https issuer have the __Host- prefix and are Secure, those of http are not', async () => {
    const pages = await PagesServer.start({ options: { issuer: 'https://auth.example' } });
    try {
      const [line = ''] = (await pages.agent().get('/oauth2/sign-in')).headers.getSetCookie();
      expect(line).toMatch(
        /^__Host-oauth2_browser_[0-9a-f]{10}=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      );
    } finally {
      await pages.close();
    }
  });
});

describe('pages of the host', () => {
  test('replace those of the package, get the form, and may have a policy of their own', async () => {
    const pages = await PagesServer.start({
      options: {
        texts: { frame: { siteName: 'Livres' }, errors: { title: 'Dommage' } },
        pages: {
          login: ({ form, username, problem }) => ({
            html: `<h1>Own</h1><form method="post" action="${form.action}">${Object.entries(form.hidden)
              .map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`)
              .join('')}</form><p>${problem ?? 'none'} ${username.length}</p>`,
            contentSecurityPolicy: "default-src 'self'",
          }),
          loggedOut: async () => '<h1>Bye</h1>',
        },
      },
    });
    try {
      const agent = pages.agent();
      const page = await agent.get('/oauth2/sign-in');
      expect([page.heading, page.headers.get('content-security-policy')]).toEqual(['Own', "default-src 'self'"]);
      const wrong = await agent.submit(only(page), { username: 'alice', password: 'x' });
      expect([wrong.status, wrong.html.includes('wrong 5')]).toEqual([403, true]);
      await agent.submit(only(page), { username: 'alice', password: passwordOf('alice') });
      expect((await agent.get('/oauth2/applications')).status).toBe(200);
      const bye = await pages.agent().get('/oauth2/sign-out');
      expect([bye.heading, bye.headers.get('x-frame-options')]).toEqual(['Bye', 'DENY']);
      const error = await agent.get('/oauth2/applications/nope');
      expect([error.heading, error.html.includes('Livres')]).toEqual(['Dommage', true]);
    } finally {
      await pages.close();
    }
  });
});

describe('a login of the host', () => {
  test('takes the place of the login page, and the interaction goes on with its user', async () => {
    let signedIn: string | undefined;
    const pages = await PagesServer.start({
      options: {
        authenticate: undefined,
        login: { url: (uid) => `/own-login?for=${uid ?? 'pages'}`, userId: () => signedIn },
      },
    });
    try {
      const agent = pages.agent();
      const client = await pages.register();
      const sent = await pages.authorize(agent, client).catch((error: Error) => error);
      // The host's page is not there in this test: the redirect to it ends in a 404.
      expect((sent as Answer).status).toBe(404);
      expect((await agent.get('/oauth2/applications')).location).toBe('/own-login?for=pages');
      signedIn = 'alice';
      const consent = await pages.authorize(agent, client);
      expect([consent.heading, consent.html.includes('alice')]).toEqual(['Allow access?', true]);
      expect((await agent.follow(await agent.submit(only(consent), { decision: 'allow' }))).location).toContain(
        'code=',
      );
      expect((await agent.get('/oauth2/applications')).status).toBe(200);
      expect((await agent.get('/oauth2/sign-in')).status).toBe(404);
    } finally {
      await pages.close();
    }
  });

  test.each([1_700_000_000, 4_000_000_000_000, Number.NaN, '2024-01-01', new Date(1_700_000_000_000)])(
    'that says %p for a time signs nobody in, and the log says what it has to say',
    async (time) => {
      const log: string[] = [];
      const write = (message: string) => void log.push(message);
      const pages = await PagesServer.start({
        logger: { info: write, warn: write, error: write },
        options: {
          authenticate: undefined,
          login: { url: () => '/own-login', userId: () => 'alice', authenticatedAtMilliseconds: () => time as number },
        },
      });
      try {
        const answer = await pages.authorize(pages.agent(), await pages.register());
        expect([answer.status, answer.heading]).toEqual([500, 'This did not work']);
        expect(log.join()).toContain('login.authenticatedAtMilliseconds returned');
      } finally {
        await pages.close();
      }
    },
  );
});
