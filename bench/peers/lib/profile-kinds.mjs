/** To what a function of a profile belongs. */

const OURS = 'this package';
const HTTP = "Node's HTTP, streams, events";
const WRITING = 'writing to the connection';
const CRYPTO = 'hashes, signatures';
const PROMISES = 'promises, timers';
const COLLECTION = 'garbage collection';
const OTHER = 'other native code';
const KOA = 'Koa, router';
const ROUTING_CONTROLLERS = 'routing-controllers';
const DATABASE = 'Objection, knex, mysql2';
const REDIS = 'ioredis';
const JWT = 'jose';
const REST = 'the rest';

/** In the order of the table. */
export const KINDS = [
  ...[OURS, ROUTING_CONTROLLERS, KOA, HTTP, WRITING, CRYPTO, PROMISES, COLLECTION, DATABASE, REDIS, JWT, OTHER, REST],
];

const PACKAGES = new Map([
  ['routing-controllers-oauth2', OURS],
  ...['routing-controllers', 'class-transformer', 'reflect-metadata'].map((name) => [name, ROUTING_CONTROLLERS]),
  ...['koa', '@koa/router', 'koa-compose', 'koa-bodyparser', 'koa-router', 'on-finished'].map((name) => [name, KOA]),
  ...['objection', 'knex', 'mysql2', 'tarn', 'sqlstring', 'generate-function', 'long', 'iconv-lite'].map((name) => [
    name,
    DATABASE,
  ]),
  ...['ioredis', '@ioredis/commands', 'redis-parser', 'redis-errors', 'standard-as-callback'].map((name) => [
    name,
    REDIS,
  ]),
  ['jose', JWT],
]);

/** Of V8 and Node, which have no file. */
const NATIVE = new Map([
  ['(garbage collector)', COLLECTION],
  ['(program)', OTHER],
  ['runMicrotasks', PROMISES],
  ...['writeLatin1String', 'writeUtf8String', 'writeAsciiString', 'writeBuffer', 'writev'].map((name) => [
    name,
    WRITING,
  ]),
  ...['update', 'digest', 'Hash', 'Hmac', 'oneShotDigest', 'Sign', 'Verify', 'timingSafeEqual'].map((name) => [
    name,
    CRYPTO,
  ]),
]);

/** What has no file of its own and no name here belongs to what has called it. */
export function kindOf(node) {
  for (let one = node; one !== undefined; one = one.parent) {
    const { functionName, url } = one.callFrame;
    const known = url === '' ? NATIVE.get(functionName) : kindOfFile(url);
    if (known !== undefined) return known;
  }
  return OTHER;
}

function kindOfFile(url) {
  if (url.startsWith('node:')) {
    if (/^node:internal\/crypto\//.test(url)) return CRYPTO;
    return /^node:internal\/(process\/(task_queues|promises)|timers|async_hooks|promise_hooks)/.test(url)
      ? PROMISES
      : HTTP;
  }
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  return PACKAGES.get(name) ?? REST;
}
