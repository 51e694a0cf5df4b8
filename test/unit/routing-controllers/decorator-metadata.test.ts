import 'reflect-metadata';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Body, Ctx, CurrentUser, getMetadataArgsStorage, Param } from 'routing-controllers';
import { warnOfMissingTypes } from '../../../src/routing-controllers/decorator-metadata.js';

/** What esbuild, say, makes of a method with a decorated parameter: no types. */
function untyped(name: string, decorate: Function): Function {
  const controller = {
    [name]: class {
      create(_one: unknown) {}
    },
  }[name] as Function;
  decorate(controller.prototype, 'create', 0);
  return controller;
}

function typed(name: string, decorate: Function): Function {
  const controller = untyped(name, () => undefined);
  (Reflect as unknown as { defineMetadata(...parameters: unknown[]): void }).defineMetadata(
    ...['design:paramtypes', [Object], controller.prototype, 'create'],
  );
  decorate(controller.prototype, 'create', 0);
  return controller;
}

function warningsOf(controllers: readonly (Function | string)[] | undefined): string[] {
  const warnings: string[] = [];
  warnOfMissingTypes(controllers, { info() {}, error() {}, warn: (line) => void warnings.push(line) });
  return warnings;
}

beforeEach(() => getMetadataArgsStorage().reset());
afterEach(() => getMetadataArgsStorage().reset());

const WARNING =
  'Books.create was compiled without the types of its parameters, so that bodies and parameters are neither converted nor validated: set emitDecoratorMetadata in tsconfig.json, and compile with tsc or SWC (esbuild, and so tsx and Vitest by itself, emits no decorator metadata), or name each type, as in @Body({ type: Book }).';

describe('a controller that was compiled without the types of its parameters', () => {
  test('is warned of, by the first method whose body or parameter would be neither converted nor validated', () => {
    const controllers = [untyped('Books', Body()), untyped('Others', Param('id'))];
    expect(warningsOf(controllers)).toEqual([WARNING]);
  });

  test('is warned of if controllers are named by patterns of files, or not at all: then any may be served', () => {
    untyped('Books', Body());
    expect(warningsOf(undefined)).toEqual([WARNING]);
    expect(warningsOf(['dist/*.js'])).toEqual([WARNING]);
    expect(warningsOf([class Other {}, 'dist/*.js'])).toEqual([WARNING]);
  });

  test('is not warned of if it is not served', () => {
    untyped('Books', Body());
    expect(warningsOf([class Other {}])).toEqual([]);
    expect(warningsOf([])).toEqual([]);
  });

  test('is not warned of where the type is named, or where nothing is converted', () => {
    class Book {}
    const controllers = [
      untyped('Named', Body({ type: Book })),
      untyped('User', CurrentUser()),
      untyped('Context', Ctx()),
      typed('Typed', Body()),
    ];
    expect(warningsOf(controllers)).toEqual([]);
  });

  test('is warned of where reflect-metadata is not loaded, so that no compiler could have said the types', () => {
    const reflect = Reflect as { getMetadata?: unknown };
    const { getMetadata } = reflect;
    const controllers = [typed('Books', Body())];
    delete reflect.getMetadata;
    try {
      expect(warningsOf(controllers)).toEqual([WARNING]);
    } finally {
      reflect.getMetadata = getMetadata;
    }
  });
});
