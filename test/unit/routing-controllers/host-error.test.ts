import { describe, expect, test } from '@jest/globals';
import { HttpError, NotFoundError } from 'routing-controllers';
import { asHttpError } from '../../../src/routing-controllers/host-error.js';
import { contextOf } from '../../support/guard/guard.js';

/** What `ctx.throw` of Koa throws. */
function createError(status: number, message: string, members: object = {}): Error {
  try {
    return contextOf().throw(status, message, members);
  } catch (error) {
    return error as Error;
  }
}

const bodyOf = (error: Error) => JSON.parse(JSON.stringify(error));

describe('an error of the host, for the default error handler of routing-controllers', () => {
  test('is as it was, if it is one of its own', () => {
    const error = new NotFoundError('There is no such book.');
    expect(asHttpError(error, 404)).toBe(error);
  });

  test('has its status, its message and its name otherwise', () => {
    const error = createError(409, 'Busy.', { book: 7 });
    const made = asHttpError(error, 409);
    expect(made).toBeInstanceOf(HttpError);
    expect(made).toMatchObject({
      httpCode: 409,
      status: 409,
      statusCode: 409,
      message: 'Busy.',
      name: 'ConflictError',
    });
    expect(made).toMatchObject({ expose: true, cause: error, stack: error.stack });
    expect(bodyOf(made)).toEqual({ name: 'ConflictError', message: 'Busy.', book: 7 });
  });

  test('keeps its header fields, for who handles it, and shows them to nobody', () => {
    const error = createError(409, 'Busy.', { headers: { 'X-Busy': 'yes' } });
    const made = asHttpError(error, 409);
    expect(made).toHaveProperty('headers', { 'X-Busy': 'yes' });
    expect(bodyOf(made)).toEqual({ name: 'ConflictError', message: 'Busy.' });
  });

  test('shows what it does not expose to nobody: neither its message nor its members nor its stack', () => {
    const error = createError(500, 'SELECT password', { table: 'users' });
    const made = asHttpError(error, 500);
    expect(bodyOf(made)).toEqual({ name: 'InternalServerError', message: 'Internal Server Error' });
    expect(made).toMatchObject({ expose: false, message: 'Internal Server Error' });
    expect(made.stack).toBe('InternalServerError: Internal Server Error');
    expect((made as Error).cause).toBe(error);
  });

  test('has a message even if its status has none', () => {
    expect(asHttpError(createError(599, 'SELECT password'), 599).message).toBe('Error');
  });

  test('is public unless it says that it is not', () => {
    const error = Object.assign(new Error('Pay first.'), { status: 402 });
    expect(bodyOf(asHttpError(error, 402))).toEqual({ name: 'Error', message: 'Pay first.' });
  });

  test.each(['name', 'status', 'statusCode', 'expose', 'headers', 'cause', 'stack', 'toJSON'])(
    'has %s only for code, which may change it',
    (name) => {
      const made = asHttpError(createError(409, 'Busy.'), 409);
      expect(Object.getOwnPropertyDescriptor(made, name)).toMatchObject({
        ...{ writable: true, configurable: true, enumerable: false },
      });
    },
  );

  test('shows nothing of it that is for code alone, even where such a member is enumerable', () => {
    const members = { httpCode: 409, name: 'Legal', message: 'Busy.', stack: 'at home', cause: 'Another.', law: '§ 5' };
    const error = Object.assign(createError(409, 'Busy.'), members);
    for (const name of Object.keys(members)) {
      Object.defineProperty(error, name, { enumerable: true });
    }
    expect(bodyOf(asHttpError(error, 409))).toEqual({ name: 'Legal', message: 'Busy.', law: '§ 5' });
  });
});
