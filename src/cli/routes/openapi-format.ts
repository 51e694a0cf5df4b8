import { dirname, resolve } from 'node:path';
import type { OpenApiInfo } from '../../openapi/document.js';
import type { DocumentedOAuth2 } from '../../openapi/open-api.js';
import { usage } from '../cli-context.js';
import { nearestManifest } from '../configuration/find-configuration.js';
import type { HostModule } from '../host-module.js';

/**
 * The OpenAPI document of an application, as JSON. Its title and version are those of the application's package.json.
 *
 * @param path the module of the application
 * @throws CliError if the application's guards cannot be read from here
 * @throws ConfigurationError if an action cannot be served, or its requirement has too many alternatives
 */
export async function openApiText(path: string, { oauth2, controllers, routePrefix }: HostModule): Promise<string> {
  if (!isDocumented(oauth2)) throw usage(OTHER_COPY);
  const { openApi } = await import('../../openapi/open-api.js');
  const document = openApi(oauth2, controllers, infoOf(path), { ...(routePrefix !== undefined && { routePrefix }) });
  if (Object.keys(document.paths).length === 0) throw usage(OTHER_COPY);
  return JSON.stringify(document, null, 2);
}

const OTHER_COPY =
  '--format openapi: the application uses another copy of routing-controllers-oauth2 or routing-controllers; run the rc-oauth2 that is installed beside it.';

function isDocumented(oauth2: object): oauth2 is DocumentedOAuth2 {
  return 'documented' in oauth2;
}

function infoOf(path: string): OpenApiInfo {
  const { name, version } = nearestManifest(dirname(resolve(path)))?.content ?? {};
  return { title: textOr(name, 'API'), version: textOr(version, '0.0.0') };
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value.trim() !== '' ? value : otherwise;
}
