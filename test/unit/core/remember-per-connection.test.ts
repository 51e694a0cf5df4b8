import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { rememberPerConnection } from '../../../src/core/remember-per-connection.js';

const length = (field: string) => ({ length: field.length });
const first = (field: string) => field[0];

test('any order of fields and functions, on any connections, gives what the functions give', () => {
  const sockets = [{}, {}, Object.freeze({}), undefined];
  const step = fc.record({
    socket: fc.constantFrom(...sockets),
    field: fc.constantFrom('Basic a', 'Basic ab', 'Bearer b', ''),
    compute: fc.constantFrom<(field: string) => unknown>(length, first),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      for (const { socket, field, compute } of steps) {
        expect(rememberPerConnection(socket, field, compute)).toEqual(compute(field));
      }
    }),
  );
});

test('a field that comes again on its connection is computed once, also if nothing was made of it', () => {
  const compute = jest.fn((field: string) => (field === 'a' ? { of: field } : undefined));
  const socket = {};
  const value = rememberPerConnection(socket, 'a', compute);
  expect(rememberPerConnection(socket, 'a', compute)).toBe(value);
  rememberPerConnection(socket, 'b', compute);
  rememberPerConnection(socket, 'b', compute);
  expect(compute.mock.calls).toEqual([['a'], ['b']]);
});

test('connections remember apart from one another', () => {
  const [one, other] = [{}, {}];
  const value = rememberPerConnection(one, 'a', length);
  expect(rememberPerConnection(other, 'a', length)).not.toBe(value);
  expect(rememberPerConnection(one, 'a', length)).toBe(value);
});

test('where nothing can be remembered, each call computes', () => {
  const compute = jest.fn(length);
  for (const socket of [undefined, undefined, Object.freeze({})]) rememberPerConnection(socket, 'a', compute);
  expect(compute).toHaveBeenCalledTimes(3);
});

test('a connection that takes no more properties goes on to remember if it did before', () => {
  const compute = jest.fn(length);
  const socket = {};
  rememberPerConnection(socket, 'a', compute);
  Object.preventExtensions(socket);
  const value = rememberPerConnection(socket, 'b', compute);
  expect(rememberPerConnection(socket, 'b', compute)).toBe(value);
  expect(compute.mock.calls).toEqual([['a'], ['b']]);
});

test('what fails is not remembered', () => {
  const socket = {};
  let fails = true;
  const compute = () => {
    if (fails) throw new Error('not now');
    return 'value';
  };
  expect(() => rememberPerConnection(socket, 'a', compute)).toThrow('not now');
  fails = false;
  expect(rememberPerConnection(socket, 'a', compute)).toBe('value');
});
