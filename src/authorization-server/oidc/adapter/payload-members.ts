import type { AdapterPayload } from 'oidc-provider';
import { isThumbprint } from '../../../core/confirmation.js';
import { bindingOf } from '../../../storage/index.js';

type Check = (value: unknown) => boolean;
type Members = Readonly<Record<string, unknown>>;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => Number.isFinite(value);
const isFlag: Check = (value) => typeof value === 'boolean';
const isList: Check = (value) => Array.isArray(value);
const areTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const isTextOrTexts: Check = (value) => isText(value) || areTexts(value);
const isScopeByName: Check = (value) => isObject(value) && Object.values(value).every(isText);
const isParameters: Check = (value) =>
  isObject(value) && Object.values(value).every((one) => isTextOrTexts(one) || isNumber(one) || isFlag(one));
const isOpenId: Check = (value) => isObject(value) && has(value, { scope: isText, claims: areTexts });

/** What a grant gives, and what it refuses. */
const GRANTED: Readonly<Record<string, Check>> = { openid: isOpenId, resources: isScopeByName, rar: isList };

/** The members that oidc-provider reads without looking at what they are. */
const CHECKS: Readonly<Record<string, Check>> = {
  ...GRANTED,
  rejected: (value) => isObject(value) && has(value, GRANTED),
  ...each(['scope', 'gty', 'nonce', 'sid', 'acr', 'grantId', 'clientId', 'accountId', 'format'], isText),
  ...each(['redirectUri', 'codeChallenge', 'codeChallengeMethod', 'sessionUid', 'uid'], isText),
  ...each(['error', 'errorDescription', 'userCode', 'attestationJkt'], isText),
  ...each(['iat', 'exp', 'iiat', 'authTime', 'rotations', 'consumed'], isNumber),
  ...each(['expiresWithSession', 'inFlight'], isFlag),
  ...each(['claims', 'extra', 'deviceInfo'], isObject),
  ...each(['resource', 'aud'], isTextOrTexts),
  amr: areTexts,
  params: isParameters,
  dpopJkt: isThumbprint,
};

/**
 * The members of a stored payload, if each is what it is for. A key or certificate that a token is bound to is in the members
 * where oidc-provider looks for it.
 */
export function readMembers(parsed: unknown): AdapterPayload | undefined {
  if (!isObject(parsed)) return undefined;
  const { cnf, ...rest } = Object.fromEntries(
    Object.entries(parsed).filter(([, value]) => value !== null && value !== undefined),
  );
  if (!has(rest, CHECKS)) return undefined;
  const bound = bindingOf(parsed);
  if (bound === 'unreadable') return undefined;
  const { jkt, x5tS256 } = bound ?? {};
  return {
    ...rest,
    ...(jkt !== undefined && { jkt }),
    ...(x5tS256 !== undefined && { 'x5t#S256': x5tS256 }),
  } as AdapterPayload;
}

function has(members: Members, checks: Readonly<Record<string, Check>>): boolean {
  return Object.entries(checks).every(([name, check]) => !Object.hasOwn(members, name) || check(members[name]));
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function each(names: readonly string[], check: Check): Readonly<Record<string, Check>> {
  return Object.fromEntries(names.map((name) => [name, check]));
}
