import { hash } from 'node:crypto';

/** The format in which a proxy forwards the certificate of its client. */
export type CertificateFormat = (typeof CERTIFICATE_FORMATS)[number];

export const CERTIFICATE_FORMATS = ['rfc9440', 'nginx', 'envoy'] as const;

/** These fields contain one certificate, not a chain. */
const LONGEST_FIELD = 16_384;

/**
 * The SHA-256 of the certificate in a field, base64url (RFC 8705 §3.1). `undefined` if there is no certificate in that
 * format, or more than one.
 */
export function thumbprintIn(field: string, format: CertificateFormat): string | undefined {
  if (format === 'envoy') return field.length > LONGEST_FIELD ? undefined : elementOf(field.trim())?.thumbprint;
  const certificate = certificateIn(field, format);
  return certificate === undefined ? undefined : hash('sha256', certificate, 'base64url');
}

/**
 * The certificate in a field, in DER. `undefined` as above; Envoy forwards certificates beside their digests only if it is
 * told to (`cert: true`).
 */
export function certificateIn(field: string, format: CertificateFormat): Buffer | undefined {
  return field.length > LONGEST_FIELD ? undefined : READERS[format](field.trim());
}

const READERS: Readonly<Record<CertificateFormat, (field: string) => Buffer | undefined>> = {
  rfc9440: certificateOfByteSequence,
  nginx: certificateOfEscapedPem,
  envoy: (field) => elementOf(field)?.certificate,
};

/** A byte sequence (RFC 9651 §3.3.5) of the certificate in DER (RFC 9440 §2.1). */
const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+={0,2}):$/;

function certificateOfByteSequence(field: string): Buffer | undefined {
  const base64 = BYTE_SEQUENCE.exec(field)?.[1];
  return base64 === undefined ? undefined : derOf(base64);
}

const WHITE_SPACE = /\s+/g;
/** Without white space, so that nothing of the field can be matched in more than one way. */
const PEM = /^-----BEGINCERTIFICATE-----([A-Za-z0-9+/]+={0,2})-----ENDCERTIFICATE-----$/;

function certificateOfEscapedPem(field: string): Buffer | undefined {
  const base64 = PEM.exec((decoded(field) ?? '').replace(WHITE_SPACE, ''))?.[1];
  return base64 === undefined ? undefined : derOf(base64);
}

function decoded(field: string): string | undefined {
  try {
    return decodeURIComponent(field);
  } catch {
    return undefined;
  }
}

/** A pair of an element. A quoted value may contain any character, with `"` and `\` escaped by `\`. */
const PAIR = /([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^",;]*)(;|$)/y;
const HEX_DIGEST = /^[0-9a-f]{64}$/i;

/** What an element of Envoy says of a certificate. */
interface CertificateElement {
  readonly thumbprint: string;
  readonly certificate: Buffer | undefined;
}

/**
 * Several elements are refused: only the last one was written by the nearest proxy, but it cannot be identified
 * reliably.
 */
function elementOf(field: string): CertificateElement | undefined {
  let digest: string | undefined;
  let escaped: string | undefined;
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < field.length) {
    const pair = PAIR.exec(field);
    if (pair === null) return undefined;
    const [, name = '', value = ''] = pair;
    if (name.toLowerCase() === 'hash') {
      if (digest !== undefined || !HEX_DIGEST.test(value)) return undefined;
      digest = value;
    } else if (name.toLowerCase() === 'cert') {
      if (escaped !== undefined) return undefined;
      escaped = value.replace(/^"(.*)"$/, '$1');
    }
  }
  if (digest === undefined) return undefined;
  const thumbprint = Buffer.from(digest, 'hex').toString('base64url');
  const certificate = escaped === undefined ? undefined : certificateOfEscapedPem(escaped);
  const isSame = certificate !== undefined && hash('sha256', certificate, 'base64url') === thumbprint;
  return { thumbprint, certificate: isSame ? certificate : undefined };
}

/** Base64 is decoded strictly: only one of several encodings of the same bytes is accepted. */
function derOf(base64: string): Buffer | undefined {
  const der = Buffer.from(base64, 'base64');
  return der.length > 0 && der.toString('base64') === base64 ? der : undefined;
}
