import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A key, and the requests of a client that proves in each one that it has it (RFC 9449 §4.2). */
export function newProofKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
  const header = encoded({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } });
  // RFC 7638 §3.2: the required members in alphabetical order.
  const jkt = digest(JSON.stringify({ crv, kty, x, y }));
  return {
    jkt,
    /** The bytes of a request; each has a proof of its own, which is signed now. */
    requestOf(path, token, htu) {
      const claims = { htm: 'GET', htu, jti: randomBytes(12).toString('base64url'), ath: digest(token) };
      const input = `${header}.${encoded({ ...claims, iat: Math.floor(Date.now() / 1000) })}`;
      const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const proof = `${input}.${signature.toString('base64url')}`;
      const fields = `Host: 127.0.0.1\r\nAuthorization: DPoP ${token}\r\nDPoP: ${proof}\r\n`;
      return Buffer.from(`GET ${path} HTTP/1.1\r\n${fields}\r\n`);
    },
  };
}

function digest(text) {
  return createHash('sha256').update(text).digest('base64url');
}

function encoded(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
