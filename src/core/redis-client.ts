/**
 * A client of ioredis 5 or 6, single (also behind Sentinel) or a Cluster, by what is asked of it here. Written out, so
 * that whoever has no Redis needs no types of ioredis. It is duplicated, and never used itself.
 */
export interface RedisClient {
  readonly isCluster: boolean;
  readonly options: object;
  duplicate(...overrides: never[]): unknown;
  defineCommand(name: string, definition: never): unknown;
}
