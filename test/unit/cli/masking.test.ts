import { describe, expect, test } from '@jest/globals';
import { maskUrls, secretsOf, withoutSecrets } from '../../../src/cli/masking.js';

describe('passwords in URLs', () => {
  test.each([
    ['mysql://root:hunter22@db:3306/shop', 'mysql://root:***@db:3306/shop'],
    ['redis://:hunter22@cache:6379', 'redis://:***@cache:6379'],
    ['mysql://root:p@ss:w/rd@db/shop', 'mysql://root:***@db/shop'],
    ['postgres://db/shop?user=root&password=hunter22&ssl=true', 'postgres://db/shop?user=root&password=***&ssl=true'],
    ['cannot reach mysql://a:hunter22@db, sorry', 'cannot reach mysql://a:***@db, sorry'],
    ['mysql://root@db/shop', 'mysql://root@db/shop'],
    ['sqlite:.data/oauth2.sqlite', 'sqlite:.data/oauth2.sqlite'],
    ['redis://cache:6379', 'redis://cache:6379'],
  ])('%s is shown as %s', (url, shown) => {
    expect(maskUrls(url)).toBe(shown);
  });

  test('are found in malformed URLs too', () => {
    expect(secretsOf('mysql://root:p@ss word@[broken')).toContain('p@ss word');
  });

  test('are removed from the words of a driver, as written and decoded', () => {
    const secrets = secretsOf('mysql://root:hunter%2222@db/shop');
    expect(withoutSecrets('Access denied for root with hunter"22 (hunter%2222)', secrets)).toBe(
      'Access denied for root with *** (***)',
    );
  });

  test('the longest is removed first, so that none leaves its rest behind', () => {
    expect(withoutSecrets('hunter22-long', ['hunter22', 'hunter22-long'])).toBe('***');
  });

  test('very short ones do not make a message unreadable', () => {
    expect(withoutSecrets('cannot reach mysql://a:a@db', secretsOf('mysql://a:a@db'))).toBe(
      'cannot reach mysql://a:***@db',
    );
  });
});
