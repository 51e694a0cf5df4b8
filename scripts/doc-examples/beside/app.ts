import type Koa from 'koa';
import { createOAuth2, type OAuth2 } from 'routing-controllers-oauth2';

export const oauth2: OAuth2 = createOAuth2({ database: 'sqlite::memory:' });
export const app: Koa = oauth2.createKoaServer();
