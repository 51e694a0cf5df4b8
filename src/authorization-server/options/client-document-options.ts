import { isPublicAddress, parseAddress, readNetworkList } from '../../core/addresses/index.js';
import { knownOptions, listOption, optionPath, refuseOption, textOption } from '../../core/options/index.js';
import type { ScopeName } from '../../core/register.js';
import type { GrantType } from '../../storage/index.js';
import { flag, pathOf } from './option-checks.js';

/** Applications that are identified by the URL of a document with their metadata. */
export interface ClientDocumentOptions {
  /** The scopes that such applications may have, `openid` and `offline_access` among them. Default: none. */
  readonly scopes?: readonly ScopeName[] | undefined;
  /**
   * Gives every application all of `scopes`, whichever of them its document names. MCP clients name no scope in their
   * documents, or the least. Default `false`.
   */
  readonly allScopes?: boolean | undefined;
  /** The grant types that they may use. Default: all but `client_credentials`. */
  readonly grantTypes?: readonly GrantType[] | undefined;
  /**
   * The hosts whose documents count, such as `agent.example.com`, `agent.example.com:8443` or `*.example.com`, which
   * stands for all below it. Default: every host.
   */
  readonly hosts?: readonly string[] | undefined;
  /**
   * Networks in which documents may be besides the public Internet, such as `10.0.0.0/8`. Only for hosts inside: a
   * stranger can have any of them asked for a document. Default: none.
   */
  readonly networks?: readonly string[] | undefined;
  /** The certificate authorities (PEM) of the hosts of documents. Default: those of the platform. */
  readonly ca?: string | undefined;
}

/** The options, checked. The limits of scopes and grant types are among those of all registrars. */
export interface ClientDocumentSettings {
  readonly allScopes: boolean;
  /** Whether documents at a host count, with its port if that is not the usual one. */
  readonly admitsHost: (host: string) => boolean;
  /** Whether a document may be read from an address. */
  readonly admitsAddress: (address: string) => boolean;
  /** Whether documents may also be in networks that are named. */
  readonly areInside: boolean;
  readonly ca: string | undefined;
}

const NAMES = ['scopes', 'allScopes', 'grantTypes', 'hosts', 'networks', 'ca'] as const;
const HOST = /^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/;

/** @throws ConfigurationError naming the option, its value and the fix */
export function readClientDocuments(given: unknown): ClientDocumentSettings | undefined {
  if (given === undefined || given === false) return undefined;
  const fix = "give false, or an object such as { scopes: ['read'] }";
  const path = pathOf('clientMetadataDocuments');
  const { allScopes, hosts, networks, ca } = knownOptions<ClientDocumentOptions>(path, given, NAMES, fix);
  return {
    allScopes: flag('clientMetadataDocuments.allScopes', allScopes, false),
    admitsHost: hosts === undefined ? () => true : readHosts(optionPath(path, 'hosts'), hosts),
    admitsAddress: readAddresses(optionPath(path, 'networks'), networks),
    areInside: networks !== undefined,
    ca: ca === undefined ? undefined : readCertificates(optionPath(path, 'ca'), ca),
  };
}

function readHosts(path: string, hosts: unknown): (host: string) => boolean {
  const list = listOption(path, hosts, "give a list of hosts, e.g. ['agent.example.com', '*.example.org']");
  const exact = new Set<string>();
  const below: string[] = [];
  list.forEach((host, index) => {
    if (typeof host !== 'string' || !HOST.test(host) || host.includes('..')) {
      refuseOption(
        optionPath(path, index),
        host,
        "give a host in lower case, e.g. 'agent.example.com' or '*.example.org'",
      );
    }
    if (host.startsWith('*.')) below.push(host.slice(1));
    else exact.add(host);
  });
  return (host) => exact.has(host) || below.some((end) => host.endsWith(end));
}

function readAddresses(path: string, given: unknown): (address: string) => boolean {
  if (given === undefined) return isPublicAddress;
  const networks = readNetworkList(path, given, 'it contains every address; name the networks of your hosts only');
  return (text) => {
    if (isPublicAddress(text)) return true;
    const address = parseAddress(text);
    return address !== undefined && networks.holds(address);
  };
}

function readCertificates(path: string, given: unknown): string {
  const text = textOption(path, given, 'give certificates as PEM text');
  if (!text.includes('-----BEGIN CERTIFICATE-----')) refuseOption(path, given, 'give certificates as PEM text');
  return text;
}
