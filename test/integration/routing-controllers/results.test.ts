import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Exclude, Expose } from 'class-transformer';
import { Get, JsonController, ResponseClassTransformOptions, UseAfter } from 'routing-controllers';
import { type OAuth2, Public } from '../../../src/public/index.js';
import { serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

class Account {
  name = 'alice';

  @Exclude()
  secret = 'wonderland';

  @Expose({ groups: ['staff'] })
  note = 'pays late';
}

const SHARED = { answers: 0 };

let reads = 0;
const COUNTED = {
  get read() {
    reads += 1;
    return 'text';
  },
};

function countAnswer(context: { body: { answers: number } }, next: () => unknown): unknown {
  context.body.answers += 1;
  return next();
}

@JsonController('/results')
@Public()
class Results {
  @Get('/nested')
  nested() {
    return { accounts: [new Account()] };
  }

  @Get('/for-staff')
  @ResponseClassTransformOptions({ groups: ['staff'] })
  forStaff() {
    return { accounts: [new Account()] };
  }

  @Get('/without-underscores')
  @ResponseClassTransformOptions({ excludePrefixes: ['_'] })
  withoutUnderscores() {
    return { shown: 1, _hidden: 2 };
  }

  @Get('/plain')
  plain() {
    return { shown: 1, _hidden: [2, { deeper: null }] };
  }

  @Get('/shared')
  @UseAfter(countAnswer)
  shared() {
    return SHARED;
  }

  @Get('/counted')
  counted() {
    return { inner: [COUNTED] };
  }

  @Get('/as-it-is', { transformResponse: false })
  @UseAfter(countAnswer)
  asItIs() {
    return SHARED;
  }
}

let oauth2: OAuth2;

beforeAll(async () => {
  ({ oauth2 } = await testOAuth2());
});

afterAll(() => oauth2.close());

async function answers(options: object, paths: readonly string[]): Promise<unknown[]> {
  const served = await serve(oauth2.createKoaServer({ controllers: [Results], ...options }));
  try {
    const bodies: unknown[] = [];
    for (const path of paths) bodies.push(await (await served.get(`/results/${path}`)).json());
    return bodies;
  } finally {
    await served.close();
  }
}

describe('a result is transformed as by routing-controllers', () => {
  test('what an instance hides is hidden, wherever it stands in a plain result', async () => {
    expect(await answers({}, ['nested', 'for-staff'])).toEqual([
      { accounts: [{ name: 'alice' }] },
      { accounts: [{ name: 'alice', note: 'pays late' }] },
    ]);
  });

  test('options of the action count for plain results too', async () => {
    expect(await answers({}, ['plain', 'without-underscores'])).toEqual([
      { shown: 1, _hidden: [2, { deeper: null }] },
      { shown: 1 },
    ]);
  });

  test('options of the application count for plain results too', async () => {
    const classToPlainTransformOptions = { excludePrefixes: ['_'] };
    expect(await answers({ classToPlainTransformOptions }, ['plain'])).toEqual([{ shown: 1 }]);
  });

  test('what is plain is read once: class-transformer, which reads it several times, is not asked', async () => {
    reads = 0;
    expect(await answers({}, ['counted'])).toEqual([{ inner: [{ read: 'text' }] }]);
    expect(reads).toBe(1);
  });

  test('what comes after the action changes a copy, unless the action wants no transformation', async () => {
    expect(await answers({}, ['shared', 'shared'])).toEqual([{ answers: 1 }, { answers: 1 }]);
    expect(await answers({}, ['as-it-is', 'as-it-is'])).toEqual([{ answers: 1 }, { answers: 2 }]);
    SHARED.answers = 0;
    expect(await answers({ classTransformer: false }, ['shared', 'shared'])).toEqual([{ answers: 1 }, { answers: 2 }]);
  });
});
