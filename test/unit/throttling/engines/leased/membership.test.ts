import { describe, expect, test } from '@jest/globals';
import type { Ledger } from '../../../../../src/throttling/engines/leased/ledger.js';
import { Membership } from '../../../../../src/throttling/engines/leased/membership.js';
import { VirtualClock } from '../../../../support/throttling/virtual-clock.js';

function membershipOf(...others: string[]) {
  const clock = new VirtualClock();
  const ledger = {
    connected: true,
    others,
    join: async (member: string) => [member, ...ledger.others],
    leave: async () => {},
  };
  return { clock, ledger, membership: new Membership(ledger as unknown as Ledger, 'me', clock) };
}

describe('the share of a process', () => {
  test('is not waited for before the ledger was reached', () => {
    const { membership } = membershipOf('other');
    expect([membership.processes, membership.share(9), membership.millisecondsUntilShare]).toEqual([
      undefined,
      undefined,
      0,
    ]);
  });

  test('is there at once for one that is alone', async () => {
    const { membership } = membershipOf();
    await membership.renew();
    expect([membership.processes, membership.share(9), membership.millisecondsUntilShare]).toEqual([1, 9, 0]);
  });

  test('is there after two seconds for one that joins others, which read of it meanwhile', async () => {
    const { membership, clock } = membershipOf('other');
    await membership.renew();
    expect([membership.processes, membership.share(9), membership.millisecondsUntilShare]).toEqual([
      2,
      undefined,
      2000,
    ]);
    clock.advance(1999);
    expect([membership.share(9), membership.millisecondsUntilShare]).toEqual([undefined, 1]);
    clock.advance(1);
    expect([membership.share(9), membership.millisecondsUntilShare]).toEqual([5, 0]);
    clock.advance(1);
    expect(membership.millisecondsUntilShare).toBe(0);
  });

  test('stays as it was for one that comes back, so that nothing is waited for', async () => {
    const { membership, ledger, clock } = membershipOf('other');
    await membership.renew();
    clock.advance(60_000);
    ledger.others = ['other', 'third'];
    await membership.renew();
    expect([membership.processes, membership.share(9), membership.millisecondsUntilShare]).toEqual([3, 5, 0]);
    clock.advance(2000);
    expect(membership.share(9)).toBe(3);
  });

  test.each([
    [5000, 3],
    // So long that the others may have gone on without it.
    [5001, 5],
  ])('after a silence of %i ms is %i of 9, where a third process has come', async (silence, share) => {
    const { membership, ledger, clock } = membershipOf('other');
    await membership.renew();
    clock.advance(2000);
    expect(membership.share(9)).toBe(5);
    await membership.renew();
    clock.advance(silence);
    ledger.others = ['other', 'third'];
    await membership.renew();
    expect(membership.share(9)).toBe(share);
  });

  test.each([
    [3001, 5],
    [3002, undefined],
  ])('goes on after a silence only if it had begun by then: its first answer took %i ms', async (took, share) => {
    const { membership, ledger, clock } = membershipOf('other');
    const { join } = ledger;
    ledger.join = (member) => {
      clock.advance(took);
      return join(member);
    };
    await membership.renew();
    clock.advance(5001 - took);
    ledger.join = join;
    await membership.renew();
    expect(membership.share(9)).toBe(share);
  });

  test('of the odd units goes to the first by name, and those of all add up to the limit', async () => {
    for (const [names, share] of [
      [['z'], 5],
      [['a'], 4],
      [['a', 'z'], 3],
    ] as const) {
      const { membership, clock } = membershipOf(...names);
      await membership.renew();
      clock.advance(2000);
      expect(membership.share(9)).toBe(share);
    }
  });
});

describe('a renewal', () => {
  test('that is under way is waited for, and not begun twice', async () => {
    const { membership, ledger } = membershipOf();
    let joins = 0;
    let answer: (members: string[]) => void = () => {};
    ledger.join = () => {
      joins += 1;
      return new Promise((resolve) => {
        answer = resolve;
      });
    };
    const renewing = membership.renew();
    void membership.renew();
    expect(joins).toBe(1);
    let renewed = false;
    const waiting = membership.renewed().then(() => {
      renewed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(renewed).toBe(false);
    answer(['me']);
    await Promise.all([renewing, waiting]);
    expect(membership.processes).toBe(1);
    void membership.renew();
    expect(joins).toBe(2);
  });

  test('forgets a process that was not heard of for ten seconds', async () => {
    const { membership, ledger, clock } = membershipOf('other');
    await membership.renew();
    ledger.others = [];
    for (const [milliseconds, processes] of [
      [9999, 2],
      [1, 1],
    ] as const) {
      clock.advance(milliseconds);
      await membership.renew();
      expect(membership.processes).toBe(processes);
    }
  });

  test('is not tried without a connection, nor after the process has left', async () => {
    const { membership, ledger } = membershipOf();
    ledger.connected = false;
    await membership.renew();
    expect(membership.processes).toBeUndefined();
    ledger.connected = true;
    await membership.leave();
    await membership.renew();
    expect(membership.processes).toBeUndefined();
  });

  test('that fails changes nothing and rejects nothing, nor does a leave that fails', async () => {
    const { membership, ledger } = membershipOf();
    await membership.renew();
    ledger.join = () => Promise.reject(new Error('gone'));
    ledger.leave = () => Promise.reject(new Error('gone'));
    await membership.renew();
    expect(membership.processes).toBe(1);
    await membership.leave();
  });
});
