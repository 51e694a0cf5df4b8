import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { settleWhenAnswered } from '../../../src/routing-controllers/settlement.js';
import { contextOf } from '../../support/guard/guard.js';

/** A response that can be sent, and the statuses that were reported. */
function response(method = 'GET') {
  const { res } = contextOf('/books', {}, method);
  res.assignSocket(new PassThrough() as never);
  const statuses: number[] = [];
  settleWhenAnswered(res, (status) => statuses.push(status));
  return { res, statuses };
}

describe('the status of a response', () => {
  test('is reported once, when it was sent', async () => {
    const { res, statuses } = response();
    res.statusCode = 401;
    expect(statuses).toEqual([]);
    res.end('Wrong.');
    await once(res, 'finish');
    res.emit('finish');
    expect(statuses).toEqual([401]);
  });

  test('is not reported for a connection that is cut before', async () => {
    const { res, statuses } = response();
    res.destroy();
    await once(res, 'close');
    res.end('Too late.');
    await new Promise(setImmediate);
    expect(statuses).toEqual([]);
  });

  test('is not reported for such a connection either if the response finishes then, because nothing is left to be written', async () => {
    const { res, statuses } = response('HEAD');
    res.destroy();
    await once(res, 'close');
    res.flushHeaders();
    const finished = once(res, 'finish');
    res.end();
    await finished;
    expect(statuses).toEqual([]);
  });

  test('is not reported for a response that ends without being sent, as that of a cut stream of HTTP/2', () => {
    const { res, statuses } = response();
    res.emit('finish');
    res.emit('close');
    expect(statuses).toEqual([]);
  });
});
