import { setTimeout as pause } from 'node:timers/promises';

/** So many rounds are under way at the same time, which is also what makes each of them less regular. */
export const AT_ONCE = 25;

/** Plays all rounds of a race, some at once, and says of which something was wrong. */
export async function wrongRounds(
  rounds: number,
  play: (round: number) => Promise<string | undefined>,
): Promise<string[]> {
  const wrong: string[] = [];
  let next = 0;
  const player = async () => {
    while (next < rounds) {
      const round = next++;
      const what = await play(round);
      if (what !== undefined) wrong.push(`round ${round}: ${what}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, player));
  return wrong;
}

/** By chance one or the other of two comes first, or both come at the same moment. */
export function aMoment(): Promise<void> {
  return Math.random() < 0.3 ? Promise.resolve() : pause(Math.random() * 8);
}
