import { readFileSync } from 'node:fs';
import { refuseOption } from './options/index.js';

/** What a client of ioredis takes to connect to the Redis that a URL names. */
export interface RedisAddress {
  /** Without the parameters that are read here. */
  readonly url: string;
  /** The options of TLS; `undefined`: in plain text. */
  readonly tls?: RedisTls;
}

/** The options of TLS, as `tls.connect` takes them. The certificate and the name of the server are always verified. */
export interface RedisTls {
  ca?: string;
  cert?: string;
  key?: string;
}

/** Parameters, without `-` and `_`, that name PEM files. */
const FILES: ReadonlyMap<string, keyof RedisTls> = new Map([
  ['sslca', 'ca'],
  ['sslrootcert', 'ca'],
  ['sslcert', 'cert'],
  ['sslkey', 'key'],
]);

/** Other parameters that ask for TLS, of other clients or of TLS itself: ioredis would take no notice of them. */
const ABOUT_TLS = /^(ssl|tls|ca$|cert|key$|rejectunauthorized$|servername$|checkserveridentity$|verify)/;

const FIX =
  'its parameters ask for something of TLS that they cannot change; write rediss://, which verifies the server, with ssl-ca, ssl-cert and ssl-key, or pass a client of ioredis';

/**
 * Reads the URL of a Redis. Files that it names are read at once, so that a wrong path is noticed at start-up.
 *
 * @throws ConfigurationError if the URL asks for TLS in a way that would be without effect, or a file cannot be read
 */
export function redisAddress(path: string, url: string): RedisAddress {
  const parsed = new URL(url);
  const secure = parsed.protocol === 'rediss:';
  const tls: RedisTls = {};
  for (const [name, value] of [...parsed.searchParams]) {
    const folded = name.replace(/[-_]/g, '').toLowerCase();
    const file = FILES.get(folded);
    if (file === undefined) {
      if (ABOUT_TLS.test(folded)) refuseOption(path, url, FIX);
      // ioredis would take it for one, and connect in plain text.
      if (folded === 'sentinels') refuseOption(path, url, 'for Sentinel pass a client of ioredis');
      continue;
    }
    if (!secure) refuseOption(path, url, 'it names certificates, but redis:// is plain text; write rediss://');
    if (tls[file] !== undefined) refuseOption(path, url, 'it names a certificate or key twice; name it once');
    tls[file] = readPem(path, url, value);
    parsed.searchParams.delete(name);
  }
  return secure ? { url: parsed.href, tls } : { url };
}

function readPem(path: string, url: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return refuseOption(path, url, 'a file that its parameters name cannot be read; give the path of a PEM file');
  }
  if (!text.includes('-----BEGIN ')) refuseOption(path, url, 'a file that its parameters name is no PEM file');
  return text;
}
