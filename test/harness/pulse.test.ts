import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Pulse } from '../chaos/faults/pulse.js';

describe('a pulse', () => {
  let pulse: Pulse;
  let answer = () => {};
  afterEach(async () => {
    const stopped = pulse.stop();
    answer();
    await stopped;
  });

  test('is late for as long as a beat has no answer', async () => {
    pulse = new Pulse();
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const asked = new Promise<void>((resolve) => {
      pulse.start(() => {
        resolve();
        return answered;
      });
    });
    await asked;
    await pause(5);
    const before = pulse.lateMilliseconds;
    const began = performance.now();
    await pause(100);
    const lasted = performance.now() - began;
    expect(pulse.lateMilliseconds - before).toBeGreaterThanOrEqual(lasted);
  });

  test('is late by what held the event loop up, also between two beats', () => {
    pulse = new Pulse();
    pulse.start(async () => {});
    const began = performance.now();
    let lasted = 0;
    while (lasted < 300) lasted = performance.now() - began;
    expect(pulse.lateMilliseconds).toBeGreaterThanOrEqual(lasted - 50);
  });

  test('is never later than time has passed, and keeps what it was late by', async () => {
    pulse = new Pulse();
    const began = performance.now();
    const readings: number[] = [];
    await new Promise<void>((resolve) => {
      pulse.start(async () => {
        readings.push(pulse.lateMilliseconds);
        if (readings.length === 5) resolve();
      });
    });
    const passed = performance.now() - began;
    expect(readings).toEqual([...readings].sort((left, right) => left - right));
    expect(readings.at(-1)).toBeLessThanOrEqual(passed);
  });
});
