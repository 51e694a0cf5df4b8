import { expect, test } from '@jest/globals';
import { RecentApplications } from '../../../../src/authorization-server/clients/recent-applications.js';
import type { Application } from '../../../../src/storage/index.js';

function recentApplications() {
  const time = { monotonic: 0, wall: 1_000_000 };
  const clock = { monotonicMilliseconds: () => time.monotonic, nowMilliseconds: () => time.wall };
  let reads = 0;
  const findApplication = async (clientId: string) => {
    reads++;
    return clientId.startsWith('unknown') ? undefined : ({ clientId } as Application);
  };
  const recent = new RecentApplications(findApplication, clock);
  return { recent, time, reads: () => reads };
}

test('an application is read again after a second, and not before', async () => {
  const { recent, time, reads } = recentApplications();
  await recent.find('a');
  time.monotonic = 999;
  time.wall = 1_000_999;
  await recent.find('a');
  expect(reads()).toBe(1);
  time.monotonic = 1000;
  time.wall = 1_001_000;
  await recent.find('a');
  expect(reads()).toBe(2);
});

test.each([
  ['the machine slept, and its monotonic clock with it', 100, 600_000],
  ['the clock was set back', 1000, -600_000],
])('an application is read again after %s', async (_, monotonic, wall) => {
  const { recent, time, reads } = recentApplications();
  await recent.find('a');
  time.monotonic += monotonic;
  time.wall += wall;
  await recent.find('a');
  expect(reads()).toBe(2);
});

test('identifiers that do not exist do not push out those that do', async () => {
  const { recent, reads } = recentApplications();
  await recent.find('a');
  for (let count = 0; count < 2000; count++) await recent.find(`unknown ${count}`);
  await recent.find('a');
  expect(reads()).toBe(2001);
});

test('a reading that stalls counts from when it began: nobody joins it after a second, and it displaces nothing newer', async () => {
  const time = { monotonic: 0, wall: 1_000_000 };
  const clock = { monotonicMilliseconds: () => time.monotonic, nowMilliseconds: () => time.wall };
  const before = { clientId: 'a', name: 'before its secret was replaced' } as Application;
  const after = { clientId: 'a', name: 'after' } as Application;
  let goOn: (application: Application) => void = () => undefined;
  const answers = [new Promise<Application>((resolve) => (goOn = resolve)), Promise.resolve(after)];
  const findApplication = () => answers.shift() as Promise<Application>;
  const recent = new RecentApplications(findApplication, clock);

  const first = recent.find('a');
  time.monotonic += 1000;
  time.wall += 1000;
  expect(await recent.find('a')).toBe(after);
  goOn(before);
  expect(await first).toBe(before);
  expect(recent.find('a')).toBe(after);
});
