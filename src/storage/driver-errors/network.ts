import { decided, type ErrorKind, type ReadError, type Verdict } from './error-kind.js';

/** A missing path is an outage only if a Unix socket was to be opened. */
const whenConnecting = ({ syscall }: ReadError): ErrorKind => (syscall === 'connect' ? 'connection' : 'fault');

/** Errors of the operating system and of TLS, in any client. */
const TABLE: Readonly<Record<string, Verdict>> = {
  ECONNREFUSED: 'connection',
  ECONNRESET: 'connection',
  ECONNABORTED: 'connection',
  EPIPE: 'connection',
  ENOTCONN: 'connection',
  ETIMEDOUT: 'connection',
  ESOCKETTIMEDOUT: 'connection',
  ENOTFOUND: 'connection',
  ENODATA: 'connection',
  EAI_AGAIN: 'connection',
  EAI_FAIL: 'connection',
  EAI_NODATA: 'connection',
  EAI_NONAME: 'connection',
  EHOSTUNREACH: 'connection',
  EHOSTDOWN: 'connection',
  ENETUNREACH: 'connection',
  ENETDOWN: 'connection',
  ENETRESET: 'connection',
  EADDRNOTAVAIL: 'connection',
  EPROTO: 'connection',
  ENOENT: whenConnecting,
  EACCES: whenConnecting,
  EPERM: whenConnecting,
  EMFILE: 'limit',
  ENFILE: 'limit',
  ENOBUFS: 'limit',
  ENOMEM: 'limit',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EROFS: 'read-only',
  EIO: 'connection',
};

/** TLS: certificates that are not trusted, have expired or are for another name, and failed handshakes. */
const TLS =
  /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_(GET|VERIFY|DECRYPT)_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|HOSTNAME_MISMATCH$|ERR_SOCKET_(CLOSED|CONNECTION_TIMEOUT)$|ERR_STREAM_DESTROYED$)/;

/** The kind of an error of the operating system or of TLS; `undefined` for others. */
export function networkKind(error: ReadError): ErrorKind | undefined {
  const { code } = error;
  if (Object.hasOwn(TABLE, code)) return decided(TABLE[code], error);
  return TLS.test(code) ? 'connection' : undefined;
}
