import { describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController, Param } from 'routing-controllers';
import {
  AccessDeniedError,
  bearer,
  type Permission,
  type RequestAccess,
  RequiredScopes,
  TokenHasScope,
} from '../../../src/public/index.js';
import { STACKS, useBookstore } from '../../support/bookstore.js';
import { useApplication } from '../../support/spec/application.js';
import { call, callRaw } from '../../support/spec/http.js';
import { expectNoCredentials } from '../../support/spec/refusals.js';

/** `Bearer` and quoted auth-params that hold only what RFC 6750 §3 allows. */
const WELL_FORMED = /^Bearer realm="[\x20-\x21\x23-\x5b\x5d-\x7e]*"(, [a-z_]+="[\x20-\x21\x23-\x5b\x5d-\x7e]*")*$/;
const HOSTILE = 'a"b\\c\r\nX-Injected: yes\u0000ä';

class NamesTheQuery extends TokenHasScope {
  override getScopes(access: RequestAccess): string[] {
    return [String(access.query.scope)];
  }
}

class RefusesInItsOwnWords implements Permission {
  hasPermission(): boolean {
    throw new AccessDeniedError(`No: ${HOSTILE}`);
  }
}

class DescribesItsScopes extends TokenHasScope {
  override readonly requiredScopes = ['never'];
  override readonly message = `Needed: ${HOSTILE}`;
}

@JsonController('/hostile')
class Hostile {
  @RequiredScopes()
  @Authorized(NamesTheQuery)
  @Get('/scope')
  scope() {
    return {};
  }

  @Authorized(RefusesInItsOwnWords)
  @Get('/thrown')
  thrown() {
    return {};
  }

  @Authorized(DescribesItsScopes)
  @Get('/described')
  described() {
    return {};
  }

  @Authorized('a')
  @Get('/path/:id')
  path(@Param('id') id: string) {
    return { id };
  }
}

describe.each(STACKS)('the challenge, on %s', (name) => {
  const application = useApplication(name, {
    oauth2: { realm: 'the "back\\room"\r\n' },
    server: { controllers: [Hostile] },
  });

  test('[RS-8 §3] a scope out of the request cannot end its quotes or start a field', async () => {
    const token = await application.issue('a');
    for (const scope of ['a"b', 'a\\', 'a\r\nX-Injected: yes', 'ä€\u0000', '"', '\u007f']) {
      const reply = await call(`${application.url}/hostile/scope?scope=${encodeURIComponent(scope)}`, { token });
      expect(reply.status).toBe(403);
      expect(reply.headers.get('www-authenticate')).toMatch(WELL_FORMED);
      expect(reply.headers.get('x-injected')).toBeNull();
    }
  });

  test('[RS-8 §3] neither can the words of a permission, nor the realm', async () => {
    const token = await application.issue('a');
    const described = await call(`${application.url}/hostile/described`, { token });
    expect(described.status).toBe(403);
    expect(described.headers.get('www-authenticate')).toMatch(WELL_FORMED);
    const thrown = await call(`${application.url}/hostile/thrown`, { token });
    expect(thrown.status).toBe(403);
    expect(thrown.headers.get('x-injected')).toBeNull();
  });

  test('[RS-8 §3] nothing of the path or of the credentials is repeated', async () => {
    const hostile = ['GET /hostile/path/%22%0d%0aX-Injected:yes', 'GET /hostile/path/a"b'];
    for (const requestLine of hostile) {
      const reply = await callRaw(application.url, requestLine, ['Authorization: Bearer "a\\b']);
      expect(reply.status).toBe(401);
      expect(reply.fields('www-authenticate')[0]).toMatch(WELL_FORMED);
      expect(reply.fields('x-injected')).toEqual([]);
      expect(reply.text).not.toContain('a\\b');
    }
  });

  test('[RS-5 §3] the realm is an option, confined to what a realm may hold', async () => {
    const reply = await call(`${application.url}/hostile/path/1`);
    expect(reply.headers.get('www-authenticate')).toBe('Bearer realm="the ?back?room???"');
  });
});

describe.each(STACKS)('the challenge where there are several authenticators, on %s', (name) => {
  const shop = useBookstore(name);
  const application = useApplication(name, {
    oauth2: {
      authenticators: [
        { authenticate: () => undefined, challenge: (realm) => `Own realm="${realm}"` },
        { authenticate: () => undefined },
        bearer(),
      ],
    },
    server: { controllers: [Hostile] },
  });

  test('[RS-5 RFC 9110 §11.6.1] in the order session, bearer with nothing sent: 401 with the challenge that there is', async () => {
    expectNoCredentials(await call(`${shop.url}/api/hybrid`));
  });

  test('[RS-5 RFC 9110 §11.6.1] the challenges of all authenticators that have one, in their order', async () => {
    const reply = await call(`${application.url}/hostile/path/1`);
    expect(reply.status).toBe(401);
    expect(reply.headers.get('www-authenticate')).toBe('Own realm="api", Bearer realm="api"');
  });
});
