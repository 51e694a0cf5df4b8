import 'reflect-metadata';
import { Authorized, Get, JsonController, UseBefore } from 'routing-controllers';
import { Public, Throttle } from 'routing-controllers-oauth2';

/**
 * The action that every mode serves: it returns the same small object, so that only the layers in front of it differ.
 * Decorators are called as functions, because this file is not compiled.
 */
export function controllerOf({ scope, open = false, throttles = [], before } = {}) {
  class BenchController {
    hello() {
      return { hello: 'world' };
    }
  }
  const decorate = (decorator) =>
    decorator(BenchController.prototype, 'hello', Object.getOwnPropertyDescriptor(BenchController.prototype, 'hello'));
  decorate(Get('/hello'));
  if (scope !== undefined) decorate(Authorized([scope]));
  if (open) decorate(Public());
  if (throttles.length > 0) decorate(Throttle(...throttles));
  if (before !== undefined) decorate(UseBefore(before));
  JsonController()(BenchController);
  return BenchController;
}
