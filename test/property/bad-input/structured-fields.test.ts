import { hash } from 'node:crypto';
import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { parseItem } from 'structured-headers';
import { structuredInteger, structuredString } from '../../../src/core/structured-fields.js';
import {
  CERTIFICATE_FORMATS,
  type CertificateFormat,
  thumbprintIn,
} from '../../../src/resource-server/certificate-field.js';
import { forInputs, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { hostile, nasty, nearly } from '../../support/bad-input/texts.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

test('[TH-51 RFC 9651 §4.1.6] every String is read back as it was, and what no String can hold is refused', () => {
  const text = fc.oneof(hostile, nearly(fc.constantFrom('user', 'a "quoted" \\ name', ' ~')), fc.string());
  forInputs(
    fc.property(text, (given) => {
      if (/[^\x20-\x7e]/.test(given)) {
        expect(() => structuredString(given)).toThrow(RangeError);
      } else if (parseItem(structuredString(given))[0] !== given) {
        throw new Error(`Not read back: ${JSON.stringify(given)}`);
      }
    }),
  );
});

test('[TH-51 RFC 9651 §4.1.4] every Integer is read back as it was, and what is none is refused', () => {
  const around = (value: number) => fc.integer({ min: -3, max: 3 }).map((offset) => value + offset);
  const number = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.maxSafeInteger(),
    around(999_999_999_999_999),
    around(-999_999_999_999_999),
    fc.oneof(nasty, fc.constantFrom<unknown>(null, undefined, [], [5], '5', true)).map((value) => value as number),
  );
  forInputs(
    fc.property(number, (given) => {
      const isInteger = typeof given === 'number' && Math.trunc(given) === given && Math.abs(given) < 1e15;
      if (!isInteger) expect(() => structuredInteger(given)).toThrow(RangeError);
      else if (parseItem(structuredInteger(given))[0] !== given + 0) throw new Error(`Not read back: ${given}`);
    }),
  );
});

const DER = Buffer.from('3082010a0282010100c3a5b1ff00', 'hex');
const BASE64 = DER.toString('base64');
const FIELDS: Readonly<Record<CertificateFormat, string>> = {
  rfc9440: `:${BASE64}:`,
  nginx: encodeURIComponent(`-----BEGIN CERTIFICATE-----\n${BASE64}\n-----END CERTIFICATE-----\n`),
  envoy: `Hash=${hash('sha256', DER, 'hex')};Subject="CN=a, \\"b\\"";URI=spiffe://x/y`,
};

test('[RS-21 RFC 9440 §2.1] of a field that was changed anywhere, no certificate is read but one that it holds', () => {
  const changed = fc
    .constantFrom(...CERTIFICATE_FORMATS)
    .chain((format) => fc.record({ format: fc.constant(format), field: nearly(fc.constant(FIELDS[format])) }));
  let read = 0;
  forInputs(
    fc.property(changed, ({ format, field }) => {
      const found = thumbprintIn(field, format);
      if (found === undefined) return;
      read += 1;
      if (!heldBy(field, format).includes(found)) throw new Error(`${found} is not in ${JSON.stringify(field)}`);
    }),
  );
  // So that nothing is proven by refusing everything.
  expect(read).toBeGreaterThan(0);
});

/** The thumbprints of what a field may be said to hold, written once more and more loosely. */
function heldBy(field: string, format: CertificateFormat): string[] {
  if (format === 'envoy') {
    const digests = [...field.matchAll(/hash=([0-9a-f]{64})/gi)].map(([, digest = '']) => digest);
    return digests.map((digest) => Buffer.from(digest, 'hex').toString('base64url'));
  }
  const plain = (format === 'nginx' ? decodeURIComponent(field) : field).replace(/[:\s]/g, '');
  const bytes = Buffer.from(plain.replace(/-+(?:BEGIN|END)CERTIFICATE-+/g, ''), 'base64');
  return [hash('sha256', bytes, 'base64url')];
}
