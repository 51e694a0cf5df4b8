import { type RedisProcess, startServer } from '../redis-process.js';
import { type RedisClusterProcesses, startRedisCluster, startSentinel } from '../redis-topologies.js';
import type { Certificates } from './certificates.js';

/** A server's port of TLS, beside its port of plain text, by which tests look into it. */
export const tlsPortOf = ({ port }: Pick<RedisProcess, 'port'>) => port + 1;

const parametersFor = ({ ca, cert, key }: Certificates, port: number) => [
  ...['--tls-port', `${tlsPortOf({ port })}`, '--tls-auth-clients', 'no'],
  ...['--tls-ca-cert-file', ca, '--tls-cert-file', cert, '--tls-key-file', key],
  ...['--tls-replication', 'yes'],
];

/** A throw-away Redis that speaks TLS on its second port. */
export function startTlsRedis(certificates: Certificates, more: readonly string[] = []): Promise<RedisProcess> {
  return startServer((port) => [
    ...['--port', `${port}`, '--save', '', '--appendonly', 'no'],
    ...parametersFor(certificates, port),
    ...more,
  ]);
}

/** A Sentinel that is asked over TLS and asks its master over TLS. */
export function startTlsSentinel(certificates: Certificates, master: RedisProcess): Promise<RedisProcess> {
  return startSentinel({ name: 'main', port: tlsPortOf(master) }, 1, (port) => parametersFor(certificates, port));
}

/** A Cluster whose nodes speak TLS with their clients and each other. */
export function startTlsCluster(certificates: Certificates): Promise<RedisClusterProcesses> {
  const start = (more: readonly string[]) => startTlsRedis(certificates, [...more, '--tls-cluster', 'yes']);
  return startRedisCluster(3, start, tlsPortOf);
}
