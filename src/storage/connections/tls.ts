import { readFileSync } from 'node:fs';
import { refuseOption } from '../../core/options/index.js';
import { pathOf, type UrlParameters } from './url-parameters.js';

/** How a connection is protected, in the words of MySQL; those of PostgreSQL mean the same. */
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

/** What the URL says of TLS. */
export interface TlsParameters {
  readonly mode: TlsMode;
  /** PEM: whom to trust in place of the authorities that Node.js brings. */
  readonly ca?: string;
  /** PEM: with what this side shows who it is. */
  readonly cert?: string;
  readonly key?: string;
}

export const TLS_PARAMETERS = ['ssl-mode', 'ssl-ca', 'ssl-cert', 'ssl-key'] as const;

/**
 * Reads the parameters of TLS; `undefined` where the URL says nothing of it.
 *
 * @throws ConfigurationError if the mode is none, or a file cannot be read
 */
export function tlsOf(parameters: UrlParameters): TlsParameters | undefined {
  const [ca, cert, key] = ['ssl-ca', 'ssl-cert', 'ssl-key'].map((name) => fileOf(parameters, name));
  const given = parameters.text('ssl-mode');
  if (given === undefined) {
    // Who names an authority wants the server checked against it.
    return ca === undefined && cert === undefined && key === undefined
      ? undefined
      : { mode: 'verify-identity', ca, cert, key };
  }
  if (/^prefer(red)?$/i.test(given)) {
    refuseOption(
      pathOf('ssl-mode'),
      given,
      'whoever sits between could always have it in the clear; use required, verify-ca or verify-identity, or disabled',
      { near: ['prefer', 'preferred'] },
    );
  }
  const choice = parameters.choice('ssl-mode', Object.keys(MODES)) as string;
  const mode = MODES[choice] as TlsMode;
  if (mode === 'disabled' && (ca !== undefined || cert !== undefined || key !== undefined)) {
    refuseOption(
      pathOf('ssl-mode'),
      choice,
      'certificates are given beside it; leave them out, or use verify-identity',
      {
        near: Object.keys(MODES),
      },
    );
  }
  return { mode, ca, cert, key };
}

/** Whether the server's certificate has to come from an authority that is trusted. */
export function verifiesAuthority({ mode, ca }: TlsParameters): boolean {
  // As libpq has it: who names an authority and asks for TLS alone means that authority.
  return mode === 'verify-ca' || mode === 'verify-identity' || (mode === 'required' && ca !== undefined);
}

function fileOf(parameters: UrlParameters, name: string): string | undefined {
  const path = parameters.text(name);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch {
    refuseOption(pathOf(name), path, 'there is no file to be read; give the path of a PEM file');
  }
}
