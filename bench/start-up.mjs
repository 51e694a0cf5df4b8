/**
 * How long an application needs to start, by its number of controllers, beside routing-controllers alone: the median over
 * some rounds, in which every mode starts once in a process of its own.
 *
 *   npm run bench:start-up -- [--rounds 7] [--write]
 */
import { fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' }, write: { type: 'boolean' } } });
const SIZES = [100, 300, 1000, 3000];
const MODES = ['routing-controllers', 'our entry', 'audit and describe'];
const ACTIONS = 4;

function start(mode, controllers) {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('start-up-process.mjs', import.meta.url), [JSON.stringify({ mode, controllers })]);
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`${mode} with ${controllers} controllers ended with ${code}.`)));
  });
}

function median(numbers) {
  return numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)];
}

const rounds = Number(values.rounds);
const rows = [];
for (const controllers of SIZES) {
  const measured = Object.fromEntries(MODES.map((mode) => [mode, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const mode of MODES) measured[mode].push(await start(mode, controllers));
  }
  const of = (mode, ...steps) => median(measured[mode].map((one) => steps.reduce((sum, step) => sum + one[step], 0)));
  const alone = of('routing-controllers', 'declare', 'serve');
  const entry = of('our entry', 'declare', 'serve');
  rows.push({
    controllers,
    actions: controllers * ACTIONS,
    'routing-controllers ms': Math.round(alone),
    'our entry ms': Math.round(entry),
    ratio: Number((entry / alone).toFixed(2)),
    'us per action': Math.round((entry * 1000) / (controllers * ACTIONS)),
    'audit ms': Math.round(of('audit and describe', 'audit')),
    'describe ms': Math.round(of('audit and describe', 'describe')),
  });
}
console.table(rows);
if (values.write === true) {
  const machine = `${cpus()[0]?.model}, ${cpus().length} virtual cores, Node ${process.versions.node}`;
  const file = new URL('results/start-up.json', import.meta.url);
  await writeFile(file, `${JSON.stringify({ machine, rounds, rows }, undefined, 2)}\n`);
}
