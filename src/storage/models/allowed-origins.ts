import { listOption, refuseOption } from '../../core/options/index.js';
import { originProblem } from '../../core/origin.js';

/** More than any application needs. */
const MAXIMUM_COUNT = 50;
const OPTION = 'application.allowedOrigins';

/**
 * The column of the origins whose pages may read responses to an application.
 *
 * @throws ConfigurationError naming the invalid origin
 */
export function originsColumn(given: readonly string[] | null | undefined): string | null {
  if (given === undefined || given === null) return null;
  const origins = listOption(OPTION, given, "give a list of origins, e.g. ['https://app.example.com']");
  origins.forEach((origin, index) => {
    const problem = originProblem(origin);
    if (problem !== undefined) refuseOption(`${OPTION}[${index}]`, origin, problem);
  });
  const different = [...new Set(origins)];
  if (different.length > MAXIMUM_COUNT) refuseOption(OPTION, given, `give at most ${MAXIMUM_COUNT} origins`);
  return different.length === 0 ? null : different.join(' ');
}
