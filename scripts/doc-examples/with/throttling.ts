import type { Context } from 'koa';
import type { SubjectFunction } from 'routing-controllers-oauth2/throttling';

declare const planOf: (userId: string | undefined) => Promise<{ readonly rate: string }>;
declare const nameAndAddress: SubjectFunction;
