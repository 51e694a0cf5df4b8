import { fork } from 'node:child_process';

/** Waits no longer than this; the error says what was missing. */
export async function within(milliseconds, what, promise) {
  let timer;
  const impatience = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${milliseconds / 1000} s in vain for ${what}.`)), milliseconds);
  });
  try {
    return await Promise.race([promise, impatience]);
  } finally {
    clearTimeout(timer);
  }
}

/** Longer than any task: the time of the task itself plus this. */
const PATIENCE_MILLISECONDS = 120_000;

/** Starts a worker and gives its messages one after the other. */
export function startWorker(settings, flags = []) {
  const name = `the worker for ${settings.task} of ${settings.engine}`;
  const child = fork(new URL('./worker.mjs', import.meta.url), [JSON.stringify(settings)], {
    env: { ...process.env, NODE_ENV: 'production' },
    execArgv: flags,
  });
  const arrived = [];
  const waiting = [];
  let endedWith;
  child.on('message', (message) => {
    const waiter = waiting.shift();
    if (waiter === undefined) arrived.push(message);
    else waiter.resolve(message);
  });
  const ended = new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      endedWith = new Error(`${name} ended with ${code ?? signal}.`);
      for (const { reject } of waiting.splice(0)) reject(endedWith);
      resolve();
    });
  });
  const message = () => {
    if (arrived.length > 0) return Promise.resolve(arrived.shift());
    if (endedWith !== undefined) return Promise.reject(endedWith);
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  };
  const patience = PATIENCE_MILLISECONDS + (settings.milliseconds ?? 0);
  return {
    child,
    next: () => within(patience, `a message of ${name}`, message()),
    ended: () => within(patience, `the end of ${name}`, ended),
  };
}

/** Runs one task in a process and gives its result. */
export async function runTask(settings, flags) {
  const worker = startWorker(settings, flags);
  const result = await worker.next();
  await worker.ended();
  return result;
}

export function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)];
}
