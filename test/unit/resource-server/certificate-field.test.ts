import { hash, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CERTIFICATE_FORMATS, certificateIn, thumbprintIn } from '../../../src/resource-server/certificate-field.js';

const DER = randomBytes(700);
const BASE64 = DER.toString('base64');
const THUMBPRINT = hash('sha256', DER, 'base64url');
const HEX = hash('sha256', DER, 'hex');
const PEM = `-----BEGIN CERTIFICATE-----\n${BASE64.replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`;
const ESCAPED = encodeURIComponent(PEM);

describe('a certificate that a proxy hands on', () => {
  test.each([
    ['rfc9440', `:${BASE64}:`],
    ['rfc9440', ` :${BASE64}: `],
    ['nginx', ESCAPED],
    ['nginx', PEM.trim().replaceAll('\n', '%0A').replaceAll('+', '%2B')],
    ['envoy', `Hash=${HEX}`],
    ['envoy', `By=spiffe://a;Hash=${HEX};Subject="CN=\\"a\\", b;Hash=${'0'.repeat(64)}";URI=spiffe://b`],
    ['envoy', `By=spiffe://a;hash=${HEX.toUpperCase()};URI=`],
  ] as const)('[RS-21 RFC 9440 §2] is read in the format %s', (format, field) => {
    expect(thumbprintIn(field, format)).toBe(THUMBPRINT);
  });

  test.each([
    ['rfc9440 without colons', 'rfc9440', BASE64],
    ['rfc9440 twice', 'rfc9440', `:${BASE64}:, :${BASE64}:`],
    ['rfc9440 with a parameter', 'rfc9440', `:${BASE64}:;a=1`],
    ['rfc9440 of nothing', 'rfc9440', '::'],
    ['rfc9440 cut off', 'rfc9440', `:${BASE64.slice(0, -1)}:`],
    ['rfc9440 with a PEM', 'rfc9440', ESCAPED],
    ['nginx without its frame', 'nginx', BASE64],
    ['nginx twice', 'nginx', `${ESCAPED}${ESCAPED}`],
    ['nginx in two fields', 'nginx', `${ESCAPED}, ${ESCAPED}`],
    ['nginx with a broken escape', 'nginx', ESCAPED.replace('%0A', '%')],
    ['nginx that is not UTF-8', 'nginx', '%E4'],
    ['envoy without a name', 'envoy', HEX],
    ['envoy with two elements', 'envoy', `Hash=${HEX},Hash=${HEX}`],
    ['envoy with two hashes', 'envoy', `Hash=${HEX};Hash=${HEX}`],
    ['envoy cut off', 'envoy', `Hash=${HEX.slice(1)}`],
    ['envoy with a hash in its subject', 'envoy', `Subject="Hash=${HEX}"`],
    ['envoy with an open quote', 'envoy', `Subject="open;Hash=${HEX}`],
    ['envoy with a quoted hash', 'envoy', `Hash="${HEX}"`],
    ['envoy that is empty', 'envoy', ''],
  ] as const)('[RS-21] that is none, or more than one, is none: %s', (_name, format, field) => {
    expect(thumbprintIn(field, format)).toBeUndefined();
  });

  test.each([
    ['rfc9440', `:${BASE64}:`],
    ['nginx', ESCAPED],
    ['envoy', `Hash=${HEX};Cert="${ESCAPED}";Subject="CN=a"`],
    ['envoy', `By=spiffe://a;Cert=${ESCAPED};Hash=${HEX}`],
  ] as const)('[AS-78] that is whole can be had in the format %s: %#', (format, field) => {
    expect(certificateIn(field, format)?.equals(DER)).toBe(true);
    expect(thumbprintIn(field, format)).toBe(THUMBPRINT);
  });

  test.each([
    ['its digest alone', `Hash=${HEX}`],
    ['another than its digest says', `Hash=${'0'.repeat(64)};Cert="${ESCAPED}"`],
    ['no digest', `Cert="${ESCAPED}"`],
    ['two certificates', `Hash=${HEX};Cert="${ESCAPED}";Cert="${ESCAPED}"`],
  ])('[AS-78] Envoy forwards %s: there is no certificate', (_what, field) => {
    expect(certificateIn(field, 'envoy')).toBeUndefined();
  });

  test('[RS-21] white space that could be matched in many ways is read in one pass', () => {
    // Backtracking would take hours over this.
    const spaces = ' '.repeat(15_000);
    expect(thumbprintIn(`-----BEGIN CERTIFICATE-----${spaces}AAAA${spaces.slice(0, 900)}?`, 'nginx')).toBeUndefined();
    expect(thumbprintIn(`Hash=${HEX};Cert="-----BEGIN CERTIFICATE-----${spaces}!"`, 'envoy')).toBe(THUMBPRINT);
  });

  test('[RS-21] garbage is no certificate of anybody, and no error', () => {
    const part = fc.constantFrom(
      ':',
      BASE64.slice(0, 40),
      '%0A',
      '%',
      'Hash=',
      HEX,
      '"',
      ';',
      ',',
      '\\',
      '-----BEGIN CERTIFICATE-----',
      '=',
      ' ',
    );
    const garbage = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(garbage, fc.constantFrom(...CERTIFICATE_FORMATS), (field, format) => {
        const read = thumbprintIn(field, format);
        if (read === THUMBPRINT) expect([format, field.includes(HEX)]).toEqual(['envoy', true]);
        else expect(read === undefined || /^[\w-]{43}$/.test(read)).toBe(true);
      }),
      { numRuns: 100_000 },
    );
  });
});
