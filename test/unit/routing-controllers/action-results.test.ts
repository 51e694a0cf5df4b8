import { describe, expect, test } from '@jest/globals';
import { Expose } from 'class-transformer';
import type { Context } from 'koa';
import { Ctx, Get, Header, HttpCode, JsonController, Redirect } from 'routing-controllers';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import { contextsOf } from '../../support/guard/contexts.js';
import { type ServingParts, served } from '../../support/guard/serving.js';

describe('the result of an action', () => {
  let runs = 0;
  class Shown {
    @Expose()
    name = 'a';

    secret = 'b';
  }
  @Public()
  @JsonController('/results')
  class Results {
    @Get('/plain')
    plain() {
      return { a: 1 };
    }

    @Get('/text')
    text() {
      runs += 1;
      return 'text';
    }

    @Header('X-One', '1')
    @Get('/with-field')
    withField() {
      return { a: 1 };
    }

    @HttpCode(201)
    @Get('/with-status')
    withStatus() {
      return { a: 1 };
    }

    @Redirect('/elsewhere')
    @Get('/redirected')
    redirected() {
      return { a: 1 };
    }

    @Get('/shown')
    shown(@Ctx() context: Context) {
      context.status = 202;
      return [new Shown()];
    }
  }

  // Served for each test, so that a mutant of how actions are registered is known to be reached by it.
  const asking = async (path: string, options: ServingParts['options'] = {}) => {
    const { ask, koa } = served([Results], { options });
    const contexts = contextsOf(koa);
    const { status, headers, text } = await ask(`/results${path}`);
    return { status, headers, text, isLeftToKoa: contexts.at(-1)?.respond !== false };
  };

  test('is sent without the steps of Koa if it is plain and nothing is added to it', async () => {
    expect(await asking('/plain')).toMatchObject({ status: 200, text: '{"a":1}', isLeftToKoa: false });
  });

  test('is sent by Koa, with what is added to it', async () => {
    const one = { 'x-one': '1' };
    expect(await asking('/with-field')).toMatchObject({
      status: 200,
      headers: one,
      text: '{"a":1}',
      isLeftToKoa: true,
    });
    expect(await asking('/with-status')).toMatchObject({ status: 201, text: '{"a":1}', isLeftToKoa: true });
    const location = { location: '/elsewhere' };
    expect(await asking('/redirected')).toMatchObject({ status: 302, headers: location, isLeftToKoa: true });
  });

  test('is that of the only time that the action runs', async () => {
    runs = 0;
    expect(await asking('/text')).toMatchObject({ status: 200, text: 'text' });
    expect(runs).toBe(1);
  });

  test('is transformed once, also where the action has set a status: what came out of it has no decorators', async () => {
    const options = { classToPlainTransformOptions: { strategy: 'excludeAll' } } as const;
    expect(await asking('/shown', options)).toMatchObject({ status: 202, text: '[{"name":"a"}]' });
  });
});
