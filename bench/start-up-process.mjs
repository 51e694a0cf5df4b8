/**
 * Starts an application of many controllers once, in a process of its own, since decorators leave their metadata in the
 * process: `node bench/start-up-process.mjs '{"mode": …, "controllers": …}'` prints the milliseconds of each step.
 */
import 'reflect-metadata';
import {
  Authorized,
  Body,
  createKoaServer,
  Delete,
  Get,
  JsonController,
  Param,
  Post,
  useContainer,
} from 'routing-controllers';
import { createOAuth2, RequiredScopes, Throttle } from 'routing-controllers-oauth2';

const settings = JSON.parse(process.argv[2]);
const ours = settings.mode !== 'routing-controllers';
const throttling = { policies: { user: '1000/hour' } };

/** Four actions, two with a parameter in their path, and two that read something. */
function controllerOf(number) {
  class BenchController {
    list() {}
    create() {}
    read() {}
    remove() {}
  }
  const { prototype } = BenchController;
  const decorate = (method, ...decorators) => {
    for (const decorator of decorators)
      decorator(prototype, method, Object.getOwnPropertyDescriptor(prototype, method));
  };
  Param('id')(prototype, 'read', 0);
  Body()(prototype, 'create', 0);
  decorate('list', Get('/'), Authorized(['read']));
  decorate('create', Post('/'), Authorized(['write']));
  decorate('read', Get('/:id'), Authorized(['read']));
  decorate('remove', Delete('/:id'), Authorized(['write']));
  if (ours) {
    decorate('create', Throttle('user'));
    RequiredScopes('api')(BenchController);
  }
  JsonController(`/resource-${number}`)(BenchController);
  return BenchController;
}

const steps = {};
function step(name, run) {
  const start = performance.now();
  const result = run();
  steps[name] = performance.now() - start;
  return result;
}

// Controllers are instantiated at the first request, so none is instantiated here.
useContainer({ get: (type) => new type() });
const oauth2 = ours ? createOAuth2({ database: ':memory:', throttling }) : undefined;
// Loads Koa, its router and its body parser before the measurement.
createKoaServer({ controllers: [] });
const controllers = step('declare', () =>
  Array.from({ length: settings.controllers }, (_, index) => controllerOf(index)),
);
if (settings.mode === 'routing-controllers') {
  step('serve', () => createKoaServer({ controllers, authorizationChecker: () => true }));
} else if (settings.mode === 'our entry') {
  step('serve', () => oauth2.createKoaServer({ controllers }));
} else {
  step('audit', () => oauth2.audit(controllers));
  step('describe', () => oauth2.describe(controllers));
}
await oauth2?.close();
process.send(steps);
process.disconnect();
