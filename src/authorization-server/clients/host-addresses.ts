import { lookup, Resolver } from 'node:dns/promises';

/** How long a name server may take before it is asked again, which takes twice as long; in milliseconds. */
const TIMEOUT_MILLISECONDS = 500;
const TRIES = 2;

/**
 * The addresses of a host by its name servers.
 *
 * `dns.lookup` occupies a thread of the process' only pool until the name servers answer. Strangers choose these names,
 * and could keep all threads waiting for name servers of theirs, and with them everything else that needs one.
 *
 * @param servers the name servers; default those of the system
 */
export async function hostAddresses(host: string, servers?: readonly string[]): Promise<readonly string[]> {
  return (await askServers(host, servers)).addresses;
}

/**
 * The same, or else by the system, which also knows hosts that have no name server. For names inside: a name whose
 * servers do not answer is not looked up again.
 */
export async function insideAddresses(host: string): Promise<readonly string[]> {
  const { addresses, isSilent } = await askServers(host);
  if (addresses.length > 0 || isSilent) return addresses;
  return (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);
}

async function askServers(host: string, servers?: readonly string[]) {
  const resolver = new Resolver({ timeout: TIMEOUT_MILLISECONDS, tries: TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  return {
    addresses: answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])),
    isSilent: answers.some((answer) => answer.status === 'rejected' && isTimeout(answer.reason)),
  };
}

function isTimeout(reason: unknown): boolean {
  return (reason as { readonly code?: unknown }).code === 'ETIMEOUT';
}
