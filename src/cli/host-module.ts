import { describePath } from '../core/options/index.js';
import type { ActionSummary } from '../oauth2.js';
import { usage } from './cli-context.js';
import type { CliError } from './cli-error.js';
import { importModule } from './configuration/import-module.js';

/** The part of the application's `oauth2` that `routes` uses; it may come from another copy of the package. */
export interface DescribingOAuth2 {
  describe(controllers: readonly Function[], options?: { routePrefix?: string }): ActionSummary[];
  close(): Promise<void>;
}

/** The exports that `routes` needs of an application's module. */
export interface HostModule {
  readonly oauth2: DescribingOAuth2;
  readonly controllers: readonly Function[];
  readonly routePrefix: string | undefined;
}

/** The endings of module file names. */
const MODULE_FILE = /\.[cm]?[jt]sx?$/;

const SHAPE =
  'it must export `oauth2` (what createOAuth2 returned) and `controllers` (an array of classes), and may export `routePrefix`';

/**
 * Loads an application's module, ES or CommonJS. The names may be exports, or properties of the default export.
 *
 * @throws CliError naming what the module lacks
 */
export async function loadHostModule(path: string): Promise<HostModule> {
  const exported = await importModule(path, '<app module>');
  const inner = exported.default;
  const fallback = (typeof inner === 'object' || typeof inner === 'function') && inner !== null ? inner : {};
  const names: Record<string, unknown> = { ...(fallback as Record<string, unknown>), ...exported };

  const oauth2 = await names.oauth2;
  if (oauth2 === undefined) throw lacking(path, 'no `oauth2`');
  if (!isDescribing(oauth2)) throw lacking(path, 'an `oauth2` that createOAuth2 did not return');

  const controllers = await names.controllers;
  if (controllers === undefined) throw lacking(path, 'no `controllers`');
  if (!Array.isArray(controllers) || controllers.length === 0)
    throw lacking(path, 'no array of classes as `controllers`');
  const other = controllers.findIndex((controller) => typeof controller !== 'function');
  if (other >= 0)
    throw lacking(path, `\`controllers[${other}]\`, which is a ${typeof controllers[other]} and not a class`);

  const routePrefix = names.routePrefix;
  if (routePrefix !== undefined && typeof routePrefix !== 'string')
    throw lacking(path, 'a `routePrefix` that is not a string');
  return { oauth2, controllers, routePrefix };
}

function isDescribing(value: unknown): value is DescribingOAuth2 {
  const { describe, close } = (value ?? {}) as Partial<Record<'describe' | 'close', unknown>>;
  return typeof describe === 'function' && typeof close === 'function';
}

function lacking(path: string, what: string): CliError {
  return usage(`<app module>: ${describePath(path, MODULE_FILE)} exports ${what}; ${SHAPE}.`);
}
