import { readFileSync } from 'node:fs';
import { refuseOption } from '../../core/options/index.js';
import { pathOf, type UrlParameters } from './url-parameters.js';

/** How a connection is protected, in the terms of MySQL; those of PostgreSQL correspond to them. */
export type TlsMode = 'disabled' | 'required' | 'verify-ca' | 'verify-identity';

const MODES: Readonly<Record<string, TlsMode>> = {
  disabled: 'disabled',
  disable: 'disabled',
  required: 'required',
  require: 'required',
  'no-verify': 'required',
  'verify-ca': 'verify-ca',
  'verify-identity': 'verify-identity',
  'verify-full': 'verify-identity',
};

/** The TLS settings in a URL. */
export interface TlsParameters {
  readonly mode: TlsMode;
  /** PEM: the trusted authorities, in place of those of Node.js. */
  readonly ca?: string;
  /** PEM: the client certificate. */
  readonly cert?: string;
  readonly key?: string;
}

export const TLS_PARAMETERS = ['ssl-mode', 'ssl-ca', 'ssl-cert', 'ssl-key'] as const;

/**
 * Reads the TLS parameters; `undefined` if the URL has none.
 *
 * @throws ConfigurationError if the mode is unknown, or a file cannot be read
 */
export function tlsOf(parameters: UrlParameters): TlsParameters | undefined {
  const [ca, cert, key] = ['ssl-ca', 'ssl-cert', 'ssl-key'].map((name) => fileOf(parameters, name));
  const given = parameters.text('ssl-mode');
  if (given === undefined) {
    // Naming an authority implies that the server is to be checked against it.
    return ca === undefined && cert === undefined && key === undefined
      ? undefined
      : { mode: 'verify-identity', ca, cert, key };
  }
  if (/^prefer(red)?$/i.test(given)) {
    refuseOption(
      pathOf('ssl-mode'),
      given,
      'an attacker in between could always downgrade it to plain text; use required, verify-ca or verify-identity, or disabled',
      { near: ['prefer', 'preferred'] },
    );
  }
  const choice = parameters.choice('ssl-mode', Object.keys(MODES)) as string;
  const mode = MODES[choice] as TlsMode;
  if (mode === 'disabled' && (ca !== undefined || cert !== undefined || key !== undefined)) {
    refuseOption(pathOf('ssl-mode'), choice, 'certificates are given too; omit them, or use verify-identity', {
      near: Object.keys(MODES),
    });
  }
  return { mode, ca, cert, key };
}

/** Whether the server's certificate must be issued by a trusted authority. */
export function verifiesAuthority({ mode, ca }: TlsParameters): boolean {
  // As in libpq: naming an authority with mode `required` implies verifying it.
  return mode === 'verify-ca' || mode === 'verify-identity' || (mode === 'required' && ca !== undefined);
}

function fileOf(parameters: UrlParameters, name: string): string | undefined {
  const path = parameters.text(name);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch {
    refuseOption(pathOf(name), path, 'the file cannot be read; give the path of a PEM file');
  }
}
