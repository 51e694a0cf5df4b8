import { mariadb } from './mariadb.js';
import { useMemoryFolder } from './memory-folder.js';
import { postgres } from './postgres.js';
import { canInstall, installPackages } from './programs.js';
import { redis } from './redis.js';
import {
  printableUrl,
  reasonOf,
  type Search,
  type ServiceKind,
  UnusableServiceError,
  type UsableService,
} from './service.js';

/** What the integration tests run on, for the length of one run. */
export interface ProvidedServices {
  /** Ends what was started for this run and puts the environment back as it was. */
  stop(): Promise<void>;
}

const KINDS: readonly ServiceKind[] = [mariadb, redis, postgres];

/** The application's own variables: with them in place a test could reach the database of whoever runs it. */
const HIDDEN_FROM_TESTS = ['DATABASE_URL', 'REDIS_URL'];

const inContinuousIntegration = () => /^(1|true)$/i.test(process.env.CI ?? '');

/** MariaDB and Redis are needed; PostgreSQL is, where a run has to be complete. */
const isNeeded = (kind: ServiceKind) => kind !== postgres || (inContinuousIntegration() && canInstall());

/**
 * Whether throw-away servers are preferred to those that run already: `npm test` asks for it, because they keep their
 * files in memory, and nobody else uses them. A run of a few files is sooner done with what runs already.
 */
const prefersThrowAway = () => process.env.TEST_SERVICES === 'throw-away';

const isNamed = (kind: ServiceKind) => kind.namedBy.some((variable) => process.env[variable]);

/** Looks for a service that runs, unless one is to be started for this run. */
const look = (kind: ServiceKind): Promise<Search> =>
  prefersThrowAway() && !isNamed(kind) && kind.hasPrograms()
    ? Promise.resolve({ reason: 'TEST_SERVICES asks for it' })
    : kind.look();

/**
 * Finds or starts what the integration tests need and hands the URLs to the workers in `TEST_…_URL` variables:
 * what the environment names, else what is on the default ports, else throw-away ones from programs on this machine,
 * else (root on Debian) from programs that are installed now. With `TEST_SERVICES=throw-away`, what is on the default ports
 * comes after programs on this machine.
 *
 * @throws UnusableServiceError, with one line that says what to start, if something is missing then
 */
export async function provideServices(): Promise<ProvidedServices> {
  const running: UsableService[] = [];
  const leaveMemory = useMemoryFolder();
  try {
    const searches = await settled(KINDS.map(look));
    for (const search of searches) if ('service' in search) running.push(search.service);
    await ensurePrograms(searches);
    const outcomes = await settled(KINDS.map((kind, index) => provide(kind, searches[index] as Search, running)));
    failIfMissing(outcomes);
    const restore = handToWorkers(outcomes);
    return {
      async stop() {
        await Promise.all(running.map((service) => service.stop?.()));
        restore();
        leaveMemory();
      },
    };
  } catch (error) {
    await Promise.allSettled(running.map((service) => service.stop?.()));
    leaveMemory();
    throw error;
  }
}

/** Waits for all before it gives the first failure, so that nothing is started behind the back of a clean-up. */
async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** Installs the programs that are needed and absent, where that can be done. */
async function ensurePrograms(searches: readonly Search[]): Promise<void> {
  const absent = KINDS.filter((kind, index) => {
    // The program of Redis is needed beside a running Redis too.
    const wanted = kind === redis || !('service' in (searches[index] as Search));
    return wanted && isNeeded(kind) && !kind.hasPrograms();
  });
  if (absent.length === 0 || !canInstall()) return;
  const packages = absent.map((kind) => kind.debianPackage);
  console.log(`Installing ${packages.join(' and ')} for the tests ...`);
  try {
    await installPackages(packages);
  } catch (error) {
    console.log(`Installing failed: ${reasonOf(error)}`);
  }
}

interface Outcome {
  readonly kind: ServiceKind;
  readonly search: Search;
}

async function provide(kind: ServiceKind, search: Search, running: UsableService[]): Promise<Outcome> {
  if ('service' in search) return { kind, search };
  if (!kind.hasPrograms()) return { kind, search: { reason: `${search.reason}, no programs to start one` } };
  try {
    const service = await kind.start();
    running.push(service);
    return { kind, search: { service: { ...service, how: `${service.how}, as ${search.reason}` } } };
  } catch (error) {
    const reason = `${search.reason}, starting one failed: ${reasonOf(error)}`;
    // Where it was not looked for before, one that runs does as well.
    const found = prefersThrowAway() ? await kind.look() : search;
    if (!('service' in found)) return { kind, search: { reason } };
    running.push(found.service);
    return { kind, search: found };
  }
}

function failIfMissing(outcomes: readonly Outcome[]): void {
  const missing = outcomes.flatMap(({ kind, search }) =>
    'reason' in search && isNeeded(kind) ? [`${kind.name} (${search.reason})`] : [],
  );
  const advice: string[] = [];
  if (missing.length > 0)
    advice.push('start them with "docker compose up -d mysql redis" or set DATABASE_URL and REDIS_URL');
  if (!redis.hasPrograms()) {
    missing.push('the program redis-server');
    advice.push('install Redis: some tests start their own redis-server');
  }
  if (missing.length > 0) throw new UnusableServiceError(`The tests need ${missing.join(', ')}: ${advice.join('; ')}.`);
}

/** Sets the variables that the workers inherit and gives the way back. */
function handToWorkers(outcomes: readonly Outcome[]): () => void {
  const before = new Map<string, string | undefined>();
  const set = (variable: string, value: string | undefined) => {
    before.set(variable, process.env[variable]);
    if (value === undefined) delete process.env[variable];
    else process.env[variable] = value;
  };
  for (const { kind, search } of outcomes) {
    const found = 'service' in search;
    // An empty value tells the workers that there is none, where an absent one means "not looked for".
    set(kind.variable, found ? search.service.url : '');
    console.log(
      found
        ? foundLine(kind, search.service)
        : `${kind.name}: not found (${search.reason}), its suites are not part of this run`,
    );
  }
  for (const variable of HIDDEN_FROM_TESTS) set(variable, undefined);
  return () => {
    for (const [variable, value] of before) {
      if (value === undefined) delete process.env[variable];
      else process.env[variable] = value;
    }
  };
}

function foundLine(kind: ServiceKind, service: UsableService): string {
  return `${kind.name} ${service.version}: ${printableUrl(service.url)}, ${service.how}`;
}
