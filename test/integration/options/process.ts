/** Makes what the options say, and says whether they were refused; then only what is still open keeps it alive. */
import { randomBytes } from 'node:crypto';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { createOAuth2, type OAuth2Options, session } from '../../../src/public/index.js';

const [redis = '', which = ''] = process.argv.slice(2);

const VARIANTS: Readonly<Record<string, Partial<OAuth2Options>>> = {
  good: {},
  'no scopes': {
    authorizationServer: authorizationServer({ issuer: 'https://a.example', encryptionKeys: [randomBytes(32)] }),
  },
  'no users': { authenticators: [session()] },
  'an unknown policy': { throttling: { global: ['unknown'] } },
};

try {
  createOAuth2({ database: ':memory:', redis, logger: { info() {}, warn() {}, error() {} }, ...VARIANTS[which] });
  console.log('made');
} catch {
  console.log('refused');
}
