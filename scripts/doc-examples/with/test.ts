import assert from 'node:assert/strict';
import { TokenHasScope } from 'routing-controllers-oauth2';
import type { TestApplication } from 'routing-controllers-oauth2/testing';

declare const t: TestApplication;
declare const request: (listener: unknown) => {
  get(path: string): { set(headers: object): Promise<{ readonly status: number }> };
};

class TenantScope extends TokenHasScope {}
