import { expect, test } from '@jest/globals';
import Koa from 'koa';
import { Get, JsonController } from 'routing-controllers';
import { Authorized } from '../../../src/routing-controllers/decorators/authorized.js';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import { served } from '../../support/guard/serving.js';

@JsonController('/served')
class Served {
  @Authorized()
  @Get('/guarded')
  guarded() {}

  @Public()
  @Get('/open')
  open() {
    return {};
  }
}

test('the application is the one that is given, or a new one', async () => {
  const koa = new Koa();
  expect(served([Served], { koa }).koa).toBe(koa);
  const made = served([Served]);
  expect(made.koa).not.toBe(koa);
  expect((await made.ask('/served/open')).status).toBe(200);
});

test('middleware of this package comes before the controllers, in its order', async () => {
  const order: string[] = [];
  const noting = (name: string) => async (_context: unknown, next: () => Promise<unknown>) => {
    order.push(name);
    await next();
  };
  const { ask } = served([Served], { first: [noting('one'), noting('two')] });
  expect((await ask('/served/open')).status).toBe(200);
  expect(order).toEqual(['one', 'two']);
});

test('who wants to know learns once which actions are served, and how they are guarded', () => {
  const told: string[][] = [];
  const { plans } = served([Served], {
    whenServed: (actions) => told.push(actions.map(({ plan, metadata }) => `${plan.label} ${metadata.method}`)),
  });
  expect(told).toEqual([['Served.guarded guarded', 'Served.open open']]);
  expect(plans.map(({ label, requirement }) => [label, requirement === undefined])).toEqual([
    ['Served.guarded', false],
    ['Served.open', true],
  ]);
});

test.each(['authorizationChecker', 'currentUserChecker'])(
  'the option %s, which this entry brings, is refused',
  (name) => {
    const options = { [name]: () => true } as object;
    expect(() => served([], { options })).toThrow(
      `${name} cannot be a function: this entry brings its own; leave it out`,
    );
  },
);
