import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, get, post } from '../asking.js';
import type { Findings } from '../findings.js';
import { REVOCATION_BOUND_MILLISECONDS } from '../protocol.js';
import type { ServerProcess } from '../server-process.js';
import type { Stand } from '../stand.js';
import type { Load } from './load.js';

/** Everything that was acknowledged holds at every process. */
export async function checkWrites(stand: Stand, load: Load, findings: Findings): Promise<void> {
  await pause(REVOCATION_BOUND_MILLISECONDS);
  const lost = (what: string, status: number) => findings.lostWrites.push(`${what}: ${status}`);
  for (const process of stand.processes) {
    for (const token of load.issued) {
      const { status } = await answerOf(() => get(process, '/read', token));
      if (status !== 200) lost('a token that was issued', status);
    }
    for (const token of load.revoked) {
      const { status } = await answerOf(() => get(process, '/read', token));
      if (status !== 401) lost('a token that was revoked', status);
    }
  }
  const first = stand.processes[0] as ServerProcess;
  for (const refreshToken of load.refreshTokens) {
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    const { status } = await answerOf(() => post(first, 'token', stand.web, form));
    if (status !== 200) lost('a refresh token that was issued', status);
  }
}

/** An answer that says something: on a busy machine one may be 503 without a fault. */
async function answerOf(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask();
    if (answer.status !== 503 || tries === 20) return answer;
    await pause(100);
  }
}
