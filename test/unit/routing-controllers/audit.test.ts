import { describe, expect, test } from '@jest/globals';
import { Controller, Get, JsonController, Authorized as PlainAuthorized } from 'routing-controllers';
import { ConfigurationError } from '../../../src/core/errors.js';
import { openApiSecurity } from '../../../src/resource-server/openapi-security/index.js';
import { readDefaultRequirement } from '../../../src/resource-server/permissions/default-requirement.js';
import { TokenMatchesOASRequirements } from '../../../src/resource-server/permissions/index.js';
import { auditActions, describeActions, refuseProblems } from '../../../src/routing-controllers/audit.js';
import { Authorized } from '../../../src/routing-controllers/decorators/authorized.js';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import { RequiredScopes } from '../../../src/routing-controllers/decorators/required-scopes.js';
import { Throttle } from '../../../src/routing-controllers/decorators/throttle.js';
import { compilerOf } from '../../support/permissions/plans.js';

const byDefault = compilerOf({ defaultRequirement: readDefaultRequirement('defaultRequirement', 'a') });

@JsonController('/bare')
class Bare {
  @Get('/')
  bare() {}
}

class Base {
  @Authorized('a')
  @Get('/inherited')
  inherited() {}
}

@Controller('/heir')
class Heir extends Base {}

/** A controller that a document guards, which names an operation that nobody serves, and gives GET /documented to everybody. */
function documented(): Function {
  const paths = { '/documented': { get: {} }, '/gone': { get: {} } };
  const document = { openapi: '3.1.0', info: { title: 'A', version: '1' }, paths };
  @PlainAuthorized(new TokenMatchesOASRequirements(openApiSecurity(document)))
  @JsonController('/documented')
  class Documented {
    @Get('/')
    list() {}
  }
  return Documented;
}

const OPENED =
  'Documented.list (GET /documented/): the OpenAPI document lets everybody in by GET /documented; give it a security, or make the action @Public()';
const GONE = 'the OpenAPI document: GET /gone is an operation without an action';
const BARE = expect.stringMatching(/^ {2}- Bare\.bare \(GET \/bare\/\): declares no requirement: add @Authorized/);

function refusal(run: () => void): string[] {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message.split('\n');
  }
  return [];
}

const audit = (controllers: Function[], compiler = compilerOf()) =>
  refusal(() => auditActions(controllers, compiler, {}));

describe('problems', () => {
  test('are refused together, each in a line of its own, under what they are', () => {
    expect(refusal(() => refuseProblems(['A.a: wrong.', 'B.b: wrong.'], ['the document: differs']))).toEqual([
      ...['2 of the actions cannot be served:', '  - A.a: wrong.', '  - B.b: wrong.'],
      ...['The OpenAPI document and the actions differ (1):', '  - the document: differs'],
    ]);
  });

  test('of one kind are not refused under the other', () => {
    expect(refusal(() => refuseProblems(['A.a: wrong.']))).toEqual([
      ...['1 of the actions cannot be served:', '  - A.a: wrong.'],
    ]);
    expect(refusal(() => refuseProblems([], ['differs']))).toEqual([
      ...['The OpenAPI document and the actions differ (1):', '  - differs'],
    ]);
  });

  test('that do not exist are not refused', () => {
    expect(refusal(() => refuseProblems([]))).toEqual([]);
  });
});

describe('the audit for the entry of routing-controllers refuses', () => {
  test('an action without a declaration, and differences to a document', () => {
    expect(audit([Bare, documented()])).toEqual([
      ...['1 of the actions cannot be served:', BARE],
      ...['The OpenAPI document and the actions differ (2):', `  - ${OPENED}`, `  - ${GONE}`],
    ]);
  });

  test('an action that has only a default, for which no checker is called', () => {
    expect(audit([Bare], byDefault)).toEqual([
      '1 of the actions cannot be served:',
      '  - Bare.bare (GET /bare/): has only the option defaultRequirement, which the entry of routing-controllers does not ask for; add @Authorized(...) to it or to Bare, or serve it by oauth2.createKoaServer or oauth2.useKoaServer.',
    ]);
  });

  test('nothing of a class where a decorator of this package leads the checker to the default', () => {
    @Throttle('user')
    @Controller('/slow')
    class Slow {
      @Get('/')
      slow() {}
    }
    @RequiredScopes('read')
    @Controller('/reading')
    class Reading {
      @Get('/')
      read() {}
    }
    expect(audit([Slow, Reading], byDefault)).toEqual([]);
  });

  test('an action that has only a default if the decorator of this package is on a class above its own', () => {
    @Throttle('user')
    class Slow {}
    @Controller('/heir-of-slow')
    class HeirOfSlow extends Slow {
      @Get('/')
      slow() {}
    }
    expect(audit([HeirOfSlow], byDefault)).toEqual([
      '1 of the actions cannot be served:',
      expect.stringMatching(/^ {2}- HeirOfSlow\.slow .*: has only the option defaultRequirement/),
    ]);
  });

  test('an inherited requirement, which routing-controllers drops', () => {
    expect(audit([Heir])).toEqual([
      '1 of the actions cannot be served:',
      '  - Heir.inherited (GET /heir/inherited): inherits its requirement, which routing-controllers drops; repeat it on Heir, or serve it by oauth2.createKoaServer or oauth2.useKoaServer.',
    ]);
  });

  test('an inherited throttle of a public action, but not that an action inherits being public', () => {
    @Throttle('user')
    class Slow {}
    @Public()
    class Free {
      @Get('/')
      free() {}
    }
    @Public()
    @Controller('/open')
    class Open extends Slow {
      @Get('/')
      open() {}
    }
    @Controller('/free')
    class InheritsFreedom extends Free {}
    expect(audit([Open])).toEqual([
      '1 of the actions cannot be served:',
      expect.stringMatching(/^ {2}- Open\.open .*: inherits its requirement/),
    ]);
    expect(audit([InheritsFreedom])).toEqual([]);
  });

  test('nothing where a checker sees all that is declared: on the class, on the method, or a default beside a throttle', () => {
    @Authorized('a')
    @JsonController('/seen')
    class Seen {
      @Get('/class')
      ofClass() {}

      @Authorized('b')
      @Get('/method')
      ofMethod() {}

      @Public()
      @Get('/open')
      open() {}
    }
    @JsonController('/throttled')
    class Throttled {
      @Throttle('user')
      @Get('/')
      byDefault() {}
    }
    expect(audit([Seen, Throttled], byDefault)).toEqual([]);
  });

  test('by the paths with the prefix of all routes', () => {
    expect(refusal(() => auditActions([Bare], compilerOf(), { routePrefix: '/api' }))[1]).toMatch(/GET \/api\/bare\//);
  });
});

describe('the description of actions', () => {
  test('lists all of them, with the problems of each and the differences that are about it', () => {
    const summaries = describeActions([Bare, Heir, documented()], compilerOf(), { routePrefix: '' });
    expect(summaries.map(({ action, declared, problems }) => ({ action, declared, problems }))).toEqual([
      { action: 'bare', declared: false, problems: [expect.stringMatching(/^Bare\.bare .* declares no requirement/)] },
      { action: 'inherited', declared: true, problems: [] },
      { action: 'list', declared: false, problems: [OPENED, GONE] },
    ]);
  });

  test('names the routes with their prefix', () => {
    expect(describeActions([Heir], compilerOf(), { routePrefix: '/api' })).toMatchObject([
      { path: '/api/heir/inherited', requirement: 'a' },
    ]);
  });

  test('tells a problem and a difference of one action together', () => {
    const Documented = documented();
    Throttle('unknown')(Documented.prototype, 'list');
    const [summary] = describeActions([Documented], compilerOf(), {});
    expect(summary?.problems).toEqual([expect.stringMatching(/^Documented\.list .*"?unknown/)]);
  });
});
