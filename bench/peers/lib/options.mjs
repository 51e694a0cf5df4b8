import { parseArgs } from 'node:util';

const USAGE = `npm run bench:peers -- [options]

  --pairs N          slices of a contender, each beside one of ours                (default 8)
  --slice SECONDS    length of a slice, whole seconds                              (default 1)
  --generations N    how often the servers of a row are started anew               (default 2)
  --warm SECONDS     warm-up at full load, after one second by one connection;     (default 8)
                     at most 3 where each request takes another token
  --beside N         contenders that take turns with one server of ours            (default 4)
  --starts N         how often each start-up is taken; 0: neither it nor memory    (default 5)
  --connections N    keep-alive connections                                        (default 64)
  --tokens N         opaque tokens in the table                                    (default 400000)
  --jwts N           JWTs of each algorithm                                        (default 100000)
  --hot N            hot tokens, each of another user, presented in turns          (default 100)
  --deadline MS      our throttle's deadline                                       (default its own)
  --modes a,b        modes                                                         (default all)
  --only a,b         contenders, or mode/contender                                 (default all)
  --aims             only the rows that aims depend on
  --missing          go on with the last run: only rows that it has not, or that failed
  --write            put the results into docs/performance.md; for runs of all rows
  --quick            the shortest run that touches everything; no measurement
  --profile          in place of all that: where the time of a request goes, by profiles of
                     our servers under load
  --conformance      start every contender and check its answers, without load
  --server-core N    core of the servers                                           (default 0)
  --load-core N      core of the load, and of this program                         (default 1)
  --services-core N  core of MariaDB and Redis while it runs, or "none"            (default the load's)
  --cleanup          remove what a run that was killed has left
  --list             what can be chosen

Environment: DATABASE_URL (default mysql://root@127.0.0.1:3306), BENCH_DATABASE (default peers_bench), REDIS_URL (default
redis://127.0.0.1:6379/13; the whole numbered database is used).
`;

const NUMBERS = {
  ...{ pairs: 8, slice: 1, generations: 2, warm: 8, beside: 4, starts: 5 },
  ...{ connections: 64, tokens: 400_000, jwts: 100_000, hot: 100 },
};
const QUICK = { ...NUMBERS, pairs: 1, generations: 1, warm: 0, starts: 1, tokens: 50_000, jwts: 25_000 };
const MAY_BE_ZERO = ['warm', 'starts'];
const FLAGS = ['aims', 'profile', 'missing', 'write', 'quick', 'conformance', 'cleanup', 'list', 'help'];
const MAXIMUM_TOKENS = 1_000_000;

export function readOptions() {
  const text = { type: 'string' };
  const others = ['modes', 'only', 'deadline', 'server-core', 'load-core', 'services-core'];
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries([...Object.keys(NUMBERS), ...others].map((name) => [name, text])),
      ...Object.fromEntries(FLAGS.map((name) => [name, { type: 'boolean', default: false }])),
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit();
  }
  const defaults = values.quick ? QUICK : NUMBERS;
  const numbers = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [
      name,
      whole(name, values[name], value, MAY_BE_ZERO.includes(name) ? 0 : 1),
    ]),
  );
  const options = {
    ...numbers,
    ...coresOf(values),
    ...Object.fromEntries(FLAGS.map((name) => [name, values[name]])),
    deadline: whole('deadline', values.deadline, undefined),
    modes: list(values.modes),
    only: list(values.only),
  };
  const isPartial = options.quick || options.aims || options.modes.length + options.only.length > 0;
  check(options, isPartial);
  return { ...options, isPartial };
}

function check({ tokens, jwts, hot, generations, pairs, write }, isPartial) {
  if (Math.max(tokens, jwts) > MAXIMUM_TOKENS) throw new Error(`--tokens, --jwts: at most ${MAXIMUM_TOKENS}.`);
  if (hot > Math.min(tokens, jwts)) throw new Error('--hot: at most as many as --tokens and --jwts.');
  if (generations > pairs) throw new Error('--generations: at most as many as --pairs.');
  if (write && isPartial) throw new Error('--write: only for runs of all rows.');
}

function coresOf(values) {
  const loadCore = whole('load-core', values['load-core'], 1, 0);
  const services = values['services-core'];
  return {
    serverCore: whole('server-core', values['server-core'], 0, 0),
    loadCore,
    servicesCore: services === 'none' ? undefined : whole('services-core', services, loadCore, 0),
  };
}

function whole(name, text, fallback, least = 1) {
  if (text === undefined) return fallback;
  if (!/^\d+$/.test(text) || Number(text) < least) throw new Error(`--${name}: a whole number, at least ${least}.`);
  return Number(text);
}

function list(text = '') {
  return text.split(',').filter((part) => part !== '');
}
