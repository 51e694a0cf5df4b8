import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TargetUri } from '../../../src/resource-server/dpop/target-uri.js';

const target = new TargetUri('https://api.example.com');

describe('the URI of a request', () => {
  test.each([
    ['https://api.example.com/books', '/books'],
    ['https://api.example.com/books', '/books?page=2'],
    ['https://api.example.com/books?page=1#top', '/books'],
    ['HTTPS://API.Example.com:443/books', '/books'],
    ['https://api.example.com/a/../books/./', '/books/'],
    ['https://api.example.com/%62ooks', '/books'],
    ['https://api.example.com/books', '/%62ooks'],
    ['https://api.example.com/a%2fb', '/a%2Fb'],
    ['https://api.example.com/%e4', '/%E4'],
    ['https://api.example.com/%C3%A4', '/%c3%a4'],
    ['https://api.example.com', '/'],
    ['https://api.example.com//books', '//books'],
    ['https://api.example.com/%7Euser', '/~user'],
  ])('[RS-19 §4.3] %s is that of %s', (htu, path) => {
    expect(target.matches(htu, path)).toBe(true);
  });

  test.each<[unknown, string]>([
    ['https://api.example.com/books', '/books/'],
    ['https://api.example.com/Books', '/books'],
    ['https://api.example.com/a/b', '/a%2Fb'],
    ['http://api.example.com/books', '/books'],
    ['https://api.example.com:8443/books', '/books'],
    ['https://api.example.com.evil.example/books', '/books'],
    ['https://user@api.example.com/books', '/books'],
    ['https://user:word@api.example.com/books', '/books'],
    ['//api.example.com/books', '/books'],
    ['/books', '/books'],
    ['ftp://api.example.com/books', '/books'],
    ['', '/books'],
    [undefined, '/books'],
    [['https://api.example.com/books'], '/books'],
    ['https://api.example.com/books', 'https://api.example.com/books'],
    ['https://api.example.com/books', '*'],
    // What a router takes literally, and a client would have normalized.
    ['https://api.example.com/books', '/admin/../books'],
    ['https://api.example.com/books', '/admin/%2e%2E/books'],
    ['https://api.example.com/books', '/./books'],
    ['https://api.example.com/admin/books', '/admin\\books'],
  ])('[RS-19 §4.3] %j is not that of %s', (htu, path) => {
    expect(target.matches(htu, path)).toBe(false);
  });

  test('[RS-19 §4.3] has the path before it that a proxy takes off', () => {
    const behind = new TargetUri('https://api.example.com/v1/');
    expect(behind.matches('https://api.example.com/v1/books', '/books')).toBe(true);
    expect(behind.matches('https://api.example.com/books', '/books')).toBe(false);
  });

  test('[RS-19 §4.3] of another path never matches, and nothing that a caller writes is an error', () => {
    const segment = fc.oneof(fc.webSegment(), fc.constantFrom('..', '.', '%2e%2e', '%2F', '\\', 'books', ''));
    const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
    fc.assert(
      fc.property(fc.oneof(path, fc.string()), fc.oneof(path, fc.string()), (one, other) => {
        const matches = target.matches(`https://api.example.com${one}`, other);
        if (!matches) return;
        // Whatever matches names the same resource to every client.
        expect(new URL(`https://api.example.com${one}`).origin).toBe('https://api.example.com');
        const decoded = (text: string) =>
          text.replace(/[?#].*$/s, '').replace(/%([0-9a-f]{2})/gi, (all, digits) => {
            const character = String.fromCharCode(Number.parseInt(digits, 16));
            return /[A-Za-z0-9._~-]/.test(character) ? character : all.toUpperCase();
          });
        expect(decoded(new URL(`https://api.example.com${one}`).pathname)).toBe(
          decoded(new URL(`https://api.example.com${other}`).pathname),
        );
      }),
      { numRuns: 100_000 },
    );
  });
});
