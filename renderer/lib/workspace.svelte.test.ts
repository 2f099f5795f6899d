import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFake } from '../dev/fake/fake.ts';
import { Refusal } from './client.ts';
import { Task } from './task.svelte.ts';
import { Workspace } from './workspace.svelte.ts';

beforeEach(() => {
  vi.useFakeTimers();
  Object.defineProperty(window, 'workstation', { value: createFake(), configurable: true });
});
afterEach(() => {
  vi.useRealTimers();
});

test('a workspace requests everything once, and again when runs change', async () => {
  const workspace = new Workspace();
  const close = workspace.open();
  await vi.advanceTimersByTimeAsync(10);
  expect(workspace.runs.value?.length).toBeGreaterThan(3);
  expect(workspace.current?.id).toBe('vicreg-small-1');
  expect(workspace.interrupted.value?.[0]?.safeStep).toBe(1200);
  close();
});

test('when plans change, only plans are requested', async () => {
  const on = vi.spyOn(window.workstation, 'on');
  const workspace = new Workspace();
  const close = workspace.open();
  await vi.advanceTimersByTimeAsync(10);
  const plans = vi.spyOn(window.workstation, 'plans');
  const runs = vi.spyOn(window.workstation, 'runs');
  const tell = on.mock.calls.find(([name]) => name === 'plansChanged')?.[1] as (() => void) | undefined;
  tell?.();
  await vi.advanceTimersByTimeAsync(1000);
  expect(plans).toHaveBeenCalledTimes(1);
  expect(runs).not.toHaveBeenCalled();
  close();
});

test('progress is subscribed to only while in use', async () => {
  const on = vi.spyOn(window.workstation, 'on');
  const workspace = new Workspace();
  const heard: (number | undefined)[] = [];
  const stop = $effect.root(() => {
    $effect(() => {
      heard.push(workspace.progress.of('vicreg-small-1')?.progress.step);
    });
  });
  flushSync();
  expect(on).toHaveBeenCalledWith('progress', expect.any(Function));
  await vi.advanceTimersByTimeAsync(1500);
  flushSync();
  expect(heard.at(-1)).toBeGreaterThanOrEqual(412);
  const known = heard.length;
  stop();
  await vi.advanceTimersByTimeAsync(3000);
  expect(heard.length).toBe(known);
});

test('the newest request wins, a cancelled one is not a fault, and a fault keeps the last value', async () => {
  const task = new Task<number>();
  const slow = task.run(() => new Promise((resolve) => setTimeout(() => resolve(1), 100)));
  const quick = task.run(() => Promise.resolve(2));
  await vi.advanceTimersByTimeAsync(200);
  expect([await slow, await quick, task.value]).toEqual([null, 2, 2]);
  await task.run(() => Promise.reject(new Refusal({ code: 'cancelled', message: '', values: {} })));
  expect(task.fault).toBeNull();
  await task.run(() => Promise.reject(new Refusal({ code: 'busy', message: 'no', values: {} })));
  expect([task.fault?.code, task.value, task.busy]).toEqual(['busy', 2, false]);
});
