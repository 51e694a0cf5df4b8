import 'reflect-metadata';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  type ActionMetadata,
  Authorized,
  Get,
  getMetadataArgsStorage,
  Header,
  JsonController,
} from 'routing-controllers';
import { isVaryDeclared, joinDeclaredVary } from '../../../src/routing-controllers/declared-vary.js';
import { recordedActions } from '../../../src/routing-controllers/recorder.js';

afterEach(() => getMetadataArgsStorage().reset());

function metadataOf(...fields: [string, string][]): ActionMetadata {
  @JsonController('/varying')
  class Varying {
    @Get('/')
    get() {}
  }
  for (const [name, value] of fields) Header(name, value)(Varying.prototype, 'get');
  const [recorded] = recordedActions([Varying]);
  return recorded?.metadata as ActionMetadata;
}

describe('the @Header of an action for Vary', () => {
  test('names what the guard reads as well, however it is written, and no other field does', () => {
    const metadata = metadataOf(['vary', 'Accept'], ['Content-Language', 'en']);
    joinDeclaredVary(metadata, 'Authorization, Cookie');
    expect(metadata.headers).toEqual({ vary: 'Accept, Authorization, Cookie', 'Content-Language': 'en' });
  });

  test('stays as it is if the guard reads nothing', () => {
    const metadata = metadataOf(['Vary', 'Accept,Origin']);
    joinDeclaredVary(metadata, '');
    expect(metadata.headers).toEqual({ Vary: 'Accept,Origin' });
  });
});

describe('whether an action declares a Vary', () => {
  test.each([
    [['Vary', 'Accept'], true],
    [['VARY', 'Accept'], true],
    [['Content-Language', 'vary'], false],
  ] as const)('%j: %s', ([name, value], expected) => {
    metadataOf([name, value]);
    expect(isVaryDeclared()).toBe(expected);
  });

  test('is not said by another decorator with this value', () => {
    class Guarded {
      @Authorized('vary')
      get() {}
    }
    expect([Guarded, isVaryDeclared()]).toEqual([Guarded, false]);
  });

  test('is said by any of many actions', () => {
    metadataOf(['Content-Language', 'en'], ['Vary', 'Accept'], ['X-Other', '1']);
    expect(isVaryDeclared()).toBe(true);
  });
});
