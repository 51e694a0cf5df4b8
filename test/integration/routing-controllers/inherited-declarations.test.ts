import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Authorized, Controller, CurrentUser, createKoaServer, Get, JsonController } from 'routing-controllers';
import { type OAuth2, Public, RequiredScopes, Throttle } from '../../../src/public/index.js';
import { bearerHeader, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

let oauth2: OAuth2;
let issue: (scope: string, user?: string) => Promise<string>;
beforeAll(async () => {
  ({ oauth2, issue } = await testOAuth2());
});
afterAll(() => oauth2.close());

describe('[RS-23] what an overriding method inherits alongside an @Authorized of its own', () => {
  class Resource {
    @RequiredScopes('admin')
    @Get('/admin')
    admin(): object {
      return {};
    }

    @Authorized('base')
    @Get('/added')
    added(): object {
      return {};
    }
  }

  @JsonController('/overriding')
  class Overriding extends Resource {
    @Authorized('own')
    override admin(): object {
      return {};
    }

    @Authorized('own')
    override added(): object {
      return {};
    }
  }

  @JsonController('/repeating')
  class Repeating extends Resource {
    @Authorized(['base', 'own'])
    override added(): object {
      return {};
    }

    @RequiredScopes('admin')
    @Authorized('own')
    override admin(): object {
      return {};
    }
  }

  @JsonController('/marked')
  class Marked extends Resource {
    @Throttle({ name: 'marked', rate: '100/s' })
    override admin(): object {
      return {};
    }

    @Throttle({ name: 'marked', rate: '100/s' })
    @Authorized('own')
    override added(): object {
      return {};
    }
  }

  test('holds in our entry', async () => {
    const served = await serve(oauth2.createKoaServer({ controllers: [Overriding] }));
    const status = async (scope: string) =>
      (await served.get('/overriding/admin', { headers: bearerHeader(await issue(scope)) })).status;
    expect([await status('own'), await status('admin'), await status('own admin')]).toEqual([403, 403, 200]);
    await served.close();
  });

  test('is refused by the audit for routing-controllers own entry, whose checker does not see it', () => {
    expect(() => oauth2.audit([Overriding])).toThrow(
      /^2 of the actions .*\n.*Overriding\.admin .*inherits.*\n.*Overriding\.added .*inherits/,
    );
  });

  test('passes the audit where the overriding method repeats it', async () => {
    expect(() => oauth2.audit([Repeating])).not.toThrow();
    const served = await serve(createKoaServer({ controllers: [Repeating], ...oauth2.routingControllers() }));
    const status = async (path: string, scope: string) =>
      (await served.get(`/repeating/${path}`, { headers: bearerHeader(await issue(scope)) })).status;
    expect([await status('added', 'own'), await status('added', 'base own')]).toEqual([403, 200]);
    expect([await status('admin', 'own'), await status('admin', 'admin own')]).toEqual([403, 200]);
    await served.close();
  });

  test('passes the audit where a decorator of this package leads the checker to it', async () => {
    expect(() => oauth2.audit([Marked])).not.toThrow();
    const served = await serve(createKoaServer({ controllers: [Marked], ...oauth2.routingControllers() }));
    const status = async (path: string, scope: string) =>
      (await served.get(`/marked/${path}`, { headers: bearerHeader(await issue(scope)) })).status;
    expect([await status('admin', 'own'), await status('admin', 'admin')]).toEqual([403, 200]);
    expect([await status('added', 'own'), await status('added', 'base own')]).toEqual([403, 200]);
    await served.close();
  });
});

describe('[RS-23] @CurrentUser({required: true}) on an inherited method, whose parameters routing-controllers drops', () => {
  class Profile {
    @Public()
    @Get('/me')
    me(@CurrentUser({ required: true }) _user: unknown): object {
      return {};
    }
  }

  @JsonController('/inheriting')
  class Inheriting extends Profile {}

  test('needs a user nevertheless', async () => {
    const served = await serve(oauth2.createKoaServer({ controllers: [Inheriting] }));
    expect((await served.get('/inheriting/me')).status).toBe(401);
    expect((await served.get('/inheriting/me', { headers: bearerHeader(await issue('x')) })).status).toBe(403);
    expect((await served.get('/inheriting/me', { headers: bearerHeader(await issue('x', 'alice')) })).status).toBe(200);
    await served.close();
  });

  test('is refused by the audit for routing-controllers own entry', () => {
    expect(() => oauth2.audit([Inheriting])).toThrow(/Inheriting\.me .*inherits/);
  });
});

test('an inherited throttle of a public action is refused by the audit, since nobody would call the checker', () => {
  @Throttle({ name: 'inherited', rate: '1/d' })
  class Slow {}

  @Public()
  @Controller('/open')
  class Open extends Slow {
    @Get('/')
    get() {
      return '';
    }
  }

  @Public()
  class Free {
    @Get('/')
    get() {
      return '';
    }
  }

  @Controller('/free')
  class InheritsFreedom extends Free {}

  expect(() => oauth2.audit([Open])).toThrow(/Open\.get .*inherits/);
  expect(() => oauth2.audit([InheritsFreedom])).not.toThrow();
});

describe('a method that is named by a symbol', () => {
  const hidden = Symbol('hidden');

  test('takes no decorator of this package, which would be lost on it', () => {
    expect(() => {
      @Authorized('a')
      @JsonController('/symbol')
      class Named {
        @RequiredScopes('admin')
        @Get('/')
        [hidden]() {
          return {};
        }
      }
      return Named;
    }).toThrow(/Named\.Symbol\(hidden\): .*name the method by a string/);
  });

  test('is refused at start-up by its name', () => {
    @JsonController('/symbol')
    class Symbolic {
      @Authorized('a')
      @Get('/')
      [hidden]() {
        return {};
      }
    }
    expect(() => oauth2.createKoaServer({ controllers: [Symbolic] })).toThrow(
      /Symbolic\.Symbol\(hidden\) \(GET \/symbol\/\): is a method named by a symbol/,
    );
  });
});
