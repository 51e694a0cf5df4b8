import type { Middleware } from 'koa';
import type { OAuth2, SecretKey, UserStore } from 'routing-controllers-oauth2';
import type { Authenticate } from 'routing-controllers-oauth2/authorization-server';

declare const app: { use(middleware: Middleware): void; callback(): unknown };
declare const audit: { write(entry: object): void };
declare const authenticate: Authenticate;
declare const clientSecret: string;
declare const database: string;
declare const encryptionKeys: readonly string[];
declare const newestKey: SecretKey;
declare const olderKey: SecretKey;
declare const redis: string;
declare const users: UserStore;
