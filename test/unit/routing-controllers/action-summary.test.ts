import { describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { readDefaultRequirement } from '../../../src/resource-server/permissions/default-requirement.js';
import { TokenHasScope } from '../../../src/resource-server/permissions/index.js';
import type { ActionReference } from '../../../src/routing-controllers/action-reference.js';
import { type ActionSummary, summaryOf } from '../../../src/routing-controllers/action-summary.js';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import { Throttle } from '../../../src/routing-controllers/decorators/throttle.js';
import { actionsOf, compilerOf } from '../../support/permissions/plans.js';

class OwnOnly extends TokenHasScope {
  override readonly requiredScopes = ['a'];
  hasObjectPermission(): boolean {
    return false;
  }
}

@JsonController('/books')
class Books {
  @Authorized(OwnOnly)
  @Throttle('user', { name: 'burst', rate: '2/s' })
  @Get('/own')
  own() {}

  @Public()
  @Get('/open')
  open() {}

  @Get('/undeclared')
  undeclared() {}
}

function summary(method: string, problems: string[] = [], compiler = compilerOf()): ActionSummary {
  const action = actionsOf(Books)[method] as ActionReference;
  return summaryOf({ action, ...compiler.compile(action) }, problems);
}

const nothing = {
  ...{ method: 'GET', controller: 'Books', requirement: '', requirementFrom: undefined, access: [] },
  ...{ objectPermissions: [], throttles: [], policies: [], public: false, declared: true, problems: [] },
};

describe('the summary of an action says', () => {
  test('what it requires, as a text and as data, and by which policies it is throttled', () => {
    const { policies, ...rest } = summary('own');
    expect(rest).toEqual({
      ...{ method: 'GET', path: '/books/own', controller: 'Books', action: 'own' },
      ...{ requirement: 'OwnOnly(a)', requirementFrom: 'declarations', objectPermissions: ['OwnOnly'] },
      access: [expect.objectContaining({ methods: ['GET', 'HEAD'] })],
      throttles: ['user (5/h)', 'burst (2/s)'],
      ...{ public: false, declared: true, problems: [] },
    });
    expect(policies.map(({ name }) => name)).toEqual(['user', 'burst']);
  });

  test('that everybody may call it', () => {
    const { access, ...rest } = summary('open');
    expect(rest).toEqual({ ...nothing, access: undefined, path: '/books/open', action: 'open', public: true });
    expect(access).toEqual([expect.objectContaining({ methods: ['GET', 'HEAD'] })]);
  });

  test('that its requirement is the option defaultRequirement', () => {
    const compiler = compilerOf({ defaultRequirement: readDefaultRequirement('defaultRequirement', 'a') });
    expect(summary('undeclared', [], compiler)).toMatchObject({
      ...{ requirement: 'a', requirementFrom: 'defaultRequirement', public: false, declared: true },
    });
  });

  test('its problems, and then nothing else: it cannot be served', () => {
    expect(summary('undeclared', ['It declares nothing.'])).toEqual({
      ...{ ...nothing, path: '/books/undeclared', action: 'undeclared' },
      ...{ declared: false, problems: ['It declares nothing.'] },
    });
  });

  test('a problem of an action that has a plan as well', () => {
    expect(summary('own', ['The document differs.'])).toMatchObject({
      ...{ requirement: 'OwnOnly(a)', declared: false, problems: ['The document differs.'] },
    });
  });
});
