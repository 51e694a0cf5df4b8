import { describe, expect, test } from '@jest/globals';
import type { Context } from 'koa';
import { EndpointRequest, inOrder, type Step } from '../../../../src/authorization-server/http/endpoint-request.js';
import type { Endpoint } from '../../../../src/authorization-server/http/request/endpoint.js';

const ENDPOINT: Endpoint = {
  name: 'token',
  methods: ['POST'],
  caller: 'program',
  readers: undefined,
  body: 'form',
  innerPath: '/oauth2/token',
};
const request = () => new EndpointRequest({} as Context, ENDPOINT);

describe('the steps of an endpoint', () => {
  test('run in their order, and end in the opposite one', async () => {
    const said: string[] = [];
    const around =
      (name: string): Step =>
      async (request, next) => {
        said.push(`${name} begins`);
        await next(request);
        said.push(`${name} ends`);
      };
    await inOrder([around('first'), around('second'), () => void said.push('answer')])(request());
    expect(said).toEqual(['first begins', 'second begins', 'answer', 'second ends', 'first ends']);
  });

  test('run synchronously where no step has to wait', () => {
    const said: string[] = [];
    inOrder([(request, next) => next(request), () => void said.push('answer')])(request());
    expect(said).toEqual(['answer']);
  });

  test('are an error if none of them answers, or one needs what was not read', () => {
    expect(() => inOrder([(request, next) => next(request)])(request())).toThrow('No step of token has answered.');
    expect(() => request().client).toThrow('The steps of token need it before it is read.');
  });
});
