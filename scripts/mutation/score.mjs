import { DETECTED, UNDETECTED } from './survivors.mjs';

/**
 * Counts results. What no test can notice is not counted: mutants that are listed as equivalent, and those that Stryker did
 * not test, because they act while a module is loaded, or do not run at all.
 *
 * @param accepted the survivors that are listed, with their reasons
 */
export function summarize(results, accepted) {
  const count = (statuses) => results.filter(({ status }) => statuses.has(status)).length;
  const killed = count(DETECTED);
  const survived = count(UNDETECTED);
  const equivalent = accepted.filter(({ reason }) => isEquivalent(reason)).length;
  const score = percentage(killed, killed + survived - equivalent);
  const parts = [
    `${killed + survived} mutants`,
    `${killed} killed`,
    `${survived} survived, of which ${accepted.length} are listed (${equivalent} as equivalent)`,
    `${results.length - killed - survived} not tested`,
    `score ${score.toFixed(1)} % (${percentage(killed, killed + survived).toFixed(1)} % with the equivalent ones)`,
  ];
  return { score, text: parts.join(', ') };
}

const isEquivalent = (reason) => reason.startsWith('Equivalent');

const percentage = (part, all) => (all === 0 ? 100 : (100 * part) / all);
