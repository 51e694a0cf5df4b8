import { readFileSync } from 'node:fs';
import { describePath } from '../../core/options/index.js';
import { usage } from '../cli-context.js';
import type { KeptAction } from './route-rows.js';

const JSON_FILE = /\.json$/i;

/**
 * Reads a table that `routes --format json` printed before.
 *
 * @throws CliError if there is no such file, or it is something else
 */
export function readKeptTable(path: string): readonly KeptAction[] {
  const file = describePath(path, JSON_FILE);
  const fail = (why: string) => usage(`--diff: ${file} ${why}; keep what \`rc-oauth2 routes --format json\` prints.`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw fail('cannot be read');
  }
  let table: unknown;
  try {
    table = JSON.parse(text);
  } catch {
    throw fail('is no JSON');
  }
  const actions = (table as { actions?: unknown } | null)?.actions;
  if (!Array.isArray(actions) || !actions.every(isKeptAction)) throw fail('is no table of routes of this version');
  return actions;
}

/** Whether an action says what a comparison reads. */
export function isKeptAction(action: unknown): action is KeptAction {
  const {
    path,
    controller,
    action: method,
    access,
    objectPermissions,
    policies,
  } = (action ?? {}) as Partial<KeptAction>;
  return (
    [path, controller, method].every((text) => typeof text === 'string') &&
    Array.isArray(access) &&
    access.every(isAccess) &&
    isTexts(objectPermissions) &&
    Array.isArray(policies) &&
    policies.every(isPolicy) &&
    typeof (action as KeptAction).public === 'boolean'
  );
}

function isAccess(value: unknown): boolean {
  const { methods, rule, alternatives } = (value ?? {}) as Partial<KeptAction['access'][number]>;
  const areAlternatives = Array.isArray(alternatives) && alternatives.every(isAlternative);
  return isTexts(methods) && typeof rule === 'object' && (alternatives === undefined || areAlternatives);
}

function isAlternative(value: unknown): boolean {
  const { credentials, user, scopes, further } = (value ?? {}) as Record<string, unknown>;
  const isFurther = Array.isArray(further) && further.every((rule) => typeof rule?.kind === 'string');
  return typeof credentials === 'string' && typeof user === 'boolean' && isTexts(scopes) && isFurther;
}

function isPolicy(value: unknown): boolean {
  const { name, description, rates, subject, cost, algorithm } = (value ?? {}) as Record<string, unknown>;
  return (
    [name, description, subject, algorithm].every((text) => typeof text === 'string') &&
    (typeof cost === 'number' || cost === 'function') &&
    (rates === undefined || Array.isArray(rates))
  );
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
