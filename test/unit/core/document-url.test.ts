import { describe, expect, test } from '@jest/globals';
import { documentHostOf, documentUrlProblem, isDocumentUrl } from '../../../src/core/document-url.js';

const URL_OF_255 = `https://app.example/${'a'.repeat(255 - 'https://app.example/'.length)}`;

describe('the URL of a metadata document as a client identifier', () => {
  test('is meant where it begins with https://', () => {
    expect(isDocumentUrl('https://app.example/client')).toBe(true);
    for (const other of ['http://app.example/client', 'app-https://', 'demo']) expect(isDocumentUrl(other)).toBe(false);
  });

  test.each(['https://app.example/client', 'https://app.example:8443/a?b', URL_OF_255])('%s can be one', (url) => {
    expect(documentUrlProblem(url)).toBeUndefined();
  });

  test.each([
    [`${URL_OF_255}a`, 'the URL has more than 255 characters'],
    ['http://app.example/client', 'it is not an https URL'],
    ['xhttps://app.example/client', 'it is not an https URL'],
    ['https://app.example/cli ent', 'it is not an https URL'],
    ['https://app.example/client\n', 'it is not an https URL'],
    ['https://[/client', 'it is not an https URL'],
    ['https://user@app.example/client', 'the URL has a user or password'],
    ['https://:word@app.example/client', 'the URL has a user or password'],
    ['https://app.example/client#a', 'the URL has a fragment'],
    ['https://app.example/client#', 'the URL has a fragment'],
    ['https://App.example/client', 'the URL is not in its normal form, as a browser shows it'],
    ['https://app.example/a/../client', 'the URL is not in its normal form, as a browser shows it'],
    ['https://app.example/%2e%2e/client', 'the URL is not in its normal form, as a browser shows it'],
    ['https://app.example/', 'the URL has no path'],
    ['https://app.example/?a', 'the URL has no path'],
    ['https://127.0.0.1/client', 'the URL has no host name'],
    ['https://[::1]/client', 'the URL has no host name'],
    ['https://app.example./client', 'the URL has no host name'],
  ])('%s is refused: %s', (url, problem) => {
    expect(documentUrlProblem(url)).toBe(problem);
  });

  test('only an application that a document registered has a host of its document', () => {
    const clientId = 'https://app.example:8443/client';
    expect(documentHostOf({ clientId, registeredBy: 'document' })).toBe('app.example:8443');
    expect(documentHostOf({ clientId, registeredBy: 'request' })).toBeUndefined();
    expect(documentHostOf({ clientId })).toBeUndefined();
    expect(documentHostOf({ clientId: 'no URL', registeredBy: 'document' })).toBeUndefined();
  });
});
