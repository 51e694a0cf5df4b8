import { type Figures, type Round, type Row, summaryOf } from '../../../../bench/peers/lib/summary.mjs';

/** A slice of a second with so many requests. */
export function slice(perSecond: number, others: Partial<Figures> = {}): Figures {
  return {
    requests: perSecond,
    perSecond,
    p50: 1,
    p99: 2,
    serverCpuSeconds: 1,
    redisCpuSeconds: 0,
    databaseCpuSeconds: 0,
    redisCommandsPerRequest: 0,
    redisScriptsPerRequest: 0,
    sqlPerRequest: 0,
    residentMiB: 80,
    serverBusy: 1,
    serverCoreBusy: 1,
    loadCoreBusy: 0.5,
    ...others,
  };
}

/** A row of one round. */
export function row(mode: string, contender: string, round: Round): Row {
  return { mode, contender, ...summaryOf([round]) };
}
