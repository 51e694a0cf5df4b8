import { describe, expect, test } from '@jest/globals';
import { isRegistered } from '../../../../src/authorization-server/clients/redirect-uris.js';

const WEB = ['https://app.example.com/callback'];
const NATIVE = ['http://127.0.0.1/callback', 'http://[::1]:8000/callback', 'http://localhost/callback?x=1'];

describe('redirect URIs', () => {
  test('[AS-24 §2.1] are compared as strings', () => {
    expect(isRegistered('https://app.example.com/callback', WEB, true)).toBe(true);
    for (const other of [
      'https://app.example.com/callback/',
      'https://app.example.com/callback?x=1',
      'https://app.example.com/Callback',
      'https://APP.example.com/callback',
      'https://app.example.com:443/callback',
      'https://app.example.com/./callback',
      'https://app.example.com@evil.example/callback',
      'https://app.example.com.evil.example/callback',
      'http://app.example.com/callback',
      '',
    ]) {
      expect([other, isRegistered(other, WEB, true)]).toEqual([other, false]);
    }
    expect(isRegistered(undefined, WEB, true)).toBe(false);
    expect(isRegistered(WEB, WEB, true)).toBe(false);
  });

  test('[AS-24 §7.3] may have any port at the loopback interface, for a public application', () => {
    for (const uri of [
      'http://127.0.0.1:51004/callback',
      'http://127.0.0.1/callback',
      'http://[::1]:1/callback',
      'http://[::1]/callback',
      'http://localhost:65535/callback?x=1',
    ]) {
      expect([uri, isRegistered(uri, NATIVE, true)]).toEqual([uri, true]);
    }
    expect(isRegistered('http://127.0.0.1:51004/callback', NATIVE, false)).toBe(false);
  });

  test('[AS-24 §7.3] may differ in the port alone', () => {
    for (const uri of [
      'http://127.0.0.1:51004/other',
      'http://127.0.0.1:51004',
      'https://127.0.0.1:51004/callback',
      'http://127.0.0.2:51004/callback',
      'http://127.0.0.1:99999/callback',
      'http://127.0.0.1:1@evil.example/callback',
      'http://127.0.0.1.evil.example/callback',
      'http://localhost.evil.example/callback?x=1',
      'http://localhost:8000/callback',
      'http://127.0.0.1:/callback',
      'http://2130706433:8000/callback',
    ]) {
      expect([uri, isRegistered(uri, NATIVE, true)]).toEqual([uri, false]);
    }
  });
});
