/**
 * The members of an ioredis client (version 5 or 6; single, behind Sentinel, or a Cluster) that are used here. Declared
 * here so that applications without Redis do not need the types of ioredis. The client is only duplicated, never used
 * itself.
 */
export interface RedisClient {
  readonly isCluster: boolean;
  readonly options: object;
  duplicate(...overrides: never[]): unknown;
  defineCommand(name: string, definition: never): unknown;
}
