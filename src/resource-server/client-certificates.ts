import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Context } from 'koa';
import {
  parseAddress,
  readTrustedProxies,
  type TrustedNetworks,
  type TrustedProxies,
} from '../core/addresses/index.js';
import type { Confirmation } from '../core/confirmation.js';
import { equalInConstantTime } from '../core/digest.js';
import type { LogLimiter } from '../core/log-limiter.js';
import { choiceOption, knownOptions, optionPath, refuseOption } from '../core/options/index.js';
import { CERTIFICATE_FORMATS, type CertificateFormat, certificateIn, thumbprintIn } from './certificate-field.js';

/** Where client certificates are found (RFC 8705). */
export interface ClientCertificateOptions {
  /**
   * The field in which a proxy forwards the certificate of its client: `Client-Cert` (RFC 9440),
   * `X-Forwarded-Client-Cert` (Envoy) or one of your own. It is accepted only from the networks in `trustedProxies`,
   * and the proxy must remove it from requests of clients. Default: none; the certificate is that of the TLS connection
   * to this process.
   */
  readonly header?: string | undefined;
  /**
   * The format of the field: `rfc9440`, `nginx` (`$ssl_client_escaped_cert`, a URL-encoded PEM) or `envoy` (`Hash=`).
   * The default depends on the name of the field, and is `nginx` for one of your own.
   */
  readonly format?: CertificateFormat | undefined;
}

const PATH = 'clientCertificates';

/** RFC 9110 §5.1. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** @throws ConfigurationError if an option is unknown or wrong, or does not fit `trustedProxies` */
export function checkClientCertificates(path: string, given: unknown, trustedProxies: unknown): void {
  if (typeof given === 'boolean') return;
  const { header, format } = knownOptions<ClientCertificateOptions>(
    path,
    given,
    ['header', 'format'],
    "give true or an object such as { header: 'Client-Cert' }",
  );
  if (format !== undefined) choiceOption(optionPath(path, 'format'), format, CERTIFICATE_FORMATS);
  if (header === undefined) {
    if (format !== undefined) refuseOption(optionPath(path, 'format'), format, 'name the header too');
    return;
  }
  const at = optionPath(path, 'header');
  if (typeof header !== 'string' || !FIELD_NAME.test(header)) refuseOption(at, header, 'give the name of a field');
  if (!Array.isArray(trustedProxies) || trustedProxies.length === 0) {
    refuseOption(
      at,
      header,
      "anybody can send it: name the networks of the proxies in trustedProxies, e.g. ['10.0.0.0/8']",
    );
  }
}

/** Reads the certificate that a client has proven to hold, and compares it with the one that a token is bound to. */
export class ClientCertificates {
  private readonly header: string | undefined;
  private readonly format: CertificateFormat;
  private readonly trusted: TrustedNetworks | undefined;

  constructor(
    options: ClientCertificateOptions,
    trustedProxies: TrustedProxies | undefined,
    private readonly log: LogLimiter,
  ) {
    this.header = options.header?.toLowerCase();
    this.format = options.format ?? formatOf(this.header);
    const trusted = this.header === undefined ? 0 : readTrustedProxies('trustedProxies', trustedProxies);
    this.trusted = typeof trusted === 'number' ? undefined : trusted;
  }

  /** Whether a request comes from the client whose certificate the token is bound to (RFC 8705 §3). */
  isOf(context: Context, { x5tS256 }: Confirmation): boolean {
    const thumbprint = this.thumbprintOf(context);
    return thumbprint !== undefined && x5tS256 !== undefined && equalInConstantTime(thumbprint, x5tS256);
  }

  /** The certificate of the client of a request: its DER, base64. */
  of({ req }: Context): string | undefined {
    if (this.header === undefined) return certificateOfPeer(req.socket)?.toString('base64');
    const field = this.fieldOf(req);
    return field === undefined ? undefined : certificateIn(field, this.format)?.toString('base64');
  }

  private thumbprintOf({ req }: Context): string | undefined {
    if (this.header === undefined) {
      const certificate = certificateOfPeer(req.socket);
      return certificate === undefined ? undefined : hash('sha256', certificate, 'base64url');
    }
    const field = this.fieldOf(req);
    return field === undefined ? undefined : thumbprintIn(field, this.format);
  }

  /** The field, if a trusted proxy has sent it. */
  private fieldOf(req: IncomingMessage): string | undefined {
    const field = this.header === undefined ? undefined : req.headers[this.header];
    if (typeof field !== 'string') return undefined;
    if (!this.isTrusted(req.socket)) {
      this.log.warn(
        PATH,
        () =>
          `The field ${this.header} of a connection from ${req.socket.remoteAddress} was ignored: it is not in trustedProxies.`,
      );
      return undefined;
    }
    return field;
  }

  private isTrusted({ remoteAddress }: Socket): boolean {
    const peer = remoteAddress === undefined ? undefined : parseAddress(remoteAddress);
    return peer !== undefined && this.trusted?.holds(peer) === true;
  }
}

function formatOf(header: string | undefined): CertificateFormat {
  if (header === 'client-cert') return 'rfc9440';
  return header === 'x-forwarded-client-cert' ? 'envoy' : 'nginx';
}

/** The certificate of a TLS connection, including a resumed one; the handshake has proven possession of its key. */
function certificateOfPeer(socket: Socket): Buffer | undefined {
  return (socket as Partial<TLSSocket>).getPeerX509Certificate?.()?.raw;
}
