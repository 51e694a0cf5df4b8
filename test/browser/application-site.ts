import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** An application with pages of its own, on two origins: that of `127.0.0.1`, and that of `localhost`. */
export interface ApplicationSite {
  readonly origin: string;
  /** The same server by another host name. */
  readonly otherOrigin: string;
  /** The forms that were sent to `/callback`. */
  readonly posted: URLSearchParams[];
  close(): Promise<void>;
}

/**
 * Starts one. `/opener?to=…` opens an address in a popup, and shows what the popup tells it; `/popup-callback` tells its
 * opener; `/form?to=…&…` posts a form with the other parameters; `/callback` takes answers by GET and POST, and
 * `/redirecting` sends on from the one origin to the other.
 */
export async function startApplicationSite(): Promise<ApplicationSite> {
  const posted: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const body = await bodyOf(request);
      if (url.pathname === '/redirecting') {
        response.writeHead(303, { location: `${otherOrigin}/arrived` }).end();
        return;
      }
      if (url.pathname === '/callback' && body !== undefined) posted.push(body);
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(`<!doctype html><html lang="en"><title>Shop</title>${pageOf(url)}</html>`);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const otherOrigin = `http://localhost:${port}`;
  return {
    origin: `http://127.0.0.1:${port}`,
    otherOrigin,
    posted,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  return request.method === 'POST' ? new URLSearchParams(await text(request)) : undefined;
}

const OPENER = `<h1>Opener</h1><button>Sign in</button><output></output><script>
  const output = document.querySelector('output');
  addEventListener('message', ({ data, origin }) => { output.textContent = origin + ' ' + data; });
  document.querySelector('button').onclick = () => {
    const popup = open(new URLSearchParams(location.search).get('to'), 'sign-in', 'popup');
    setInterval(() => { document.body.dataset.popup = popup.closed ? 'closed' : 'open'; }, 20);
  };
</script>`;

const POPUP_CALLBACK = `<h1>Popup</h1><script>
  if (opener) { opener.postMessage(location.search, '*'); close(); }
  else document.querySelector('h1').textContent = 'The opener is gone';
</script>`;

function pageOf({ pathname, searchParams }: URL): string {
  if (pathname === '/opener') return OPENER;
  if (pathname === '/popup-callback') return POPUP_CALLBACK;
  if (pathname !== '/form') return '<h1>Welcome to the shop</h1>';
  const fields = [...searchParams].filter(([name]) => name !== 'to');
  const inputs = fields.map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`);
  const action = escaped(searchParams.get('to') ?? '');
  return `<form method="post" action="${action}">${inputs.join('')}<button>Go</button></form>`;
}

function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
