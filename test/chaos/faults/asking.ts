import { Agent, request } from 'node:http';
import type { Client } from './protocol.js';
import type { ServerProcess } from './server-process.js';

/** How a request was answered; times are those of the monotonic clock. */
export interface Answer {
  /** 0: the connection ended, or was refused. */
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  readonly began: number;
  readonly ended: number;
  /** How late the process was meanwhile, without a fault. */
  readonly lateMilliseconds: number;
  readonly at: ServerProcess;
}

export type Form = Readonly<Record<string, string>>;

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/** How long the client of a test waits, which is longer than anything may take. */
const PATIENCE_MILLISECONDS = 60_000;

interface Sent {
  readonly method: 'GET' | 'POST';
  readonly authorization?: string;
  readonly form?: Form;
}

/** Asks for an action that nothing guards. */
export function getUnguarded(at: ServerProcess): Promise<Answer> {
  return send(at, '/unguarded', { method: 'GET' });
}

/** Asks for an action with a token. */
export function get(at: ServerProcess, path: string, token: string): Promise<Answer> {
  return send(at, path, { method: 'GET', authorization: `Bearer ${token}` });
}

/** Sends a form to an endpoint of the authorization server. */
export function post(at: ServerProcess, path: string, client: Client, form: Form): Promise<Answer> {
  const credentials = `${client.clientId}:${client.clientSecret}`;
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return send(at, `/oauth2/${path}`, { method: 'POST', authorization, form });
}

function send(at: ServerProcess, path: string, { method, authorization, form }: Sent): Promise<Answer> {
  const began = performance.now();
  const lateBefore = at.pulse.lateMilliseconds;
  const body = form === undefined ? undefined : new URLSearchParams(form as Record<string, string>).toString();
  const headers = {
    ...(authorization !== undefined && { authorization }),
    ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
  };
  return new Promise((resolve) => {
    const end = (status: number, retryAfter?: string, text = '') =>
      resolve({
        status,
        retryAfter,
        body: parsed(text),
        began,
        ended: performance.now(),
        lateMilliseconds: at.pulse.lateMilliseconds - lateBefore,
        at,
      });
    const asked = request(`${at.url}${path}`, { agent, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => end(response.statusCode ?? 0, response.headers['retry-after'], text));
      response.on('error', () => end(0));
    });
    asked.setTimeout(PATIENCE_MILLISECONDS, () => asked.destroy());
    asked.on('error', () => end(0));
    asked.end(body);
  });
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
