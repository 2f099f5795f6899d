/** The machine stays awake for a run: always, or only while it is plugged in. */
import { EventEmitter } from 'node:events';
import type { PowerMonitor } from 'electron';
import { expect, test } from 'vitest';
import { createWakefulness } from './wakefulness.ts';

function machine() {
  const held = new Set<number>();
  let next = 0;
  let battery = false;
  const events = new EventEmitter();
  const setAwake = createWakefulness(
    {
      start: () => {
        held.add(++next);
        return next;
      },
      stop: (id) => held.delete(id),
    },
    Object.assign(events, { isOnBatteryPower: () => battery }) as unknown as PowerMonitor,
  );
  const unplug = (isUnplugged: boolean): void => {
    battery = isUnplugged;
    events.emit(isUnplugged ? 'on-battery' : 'on-ac');
  };
  return { setAwake, unplug, holds: () => held.size };
}

test('it sleeps on its battery where that is wished, and stays awake again once plugged in', () => {
  const { setAwake, unplug, holds } = machine();
  setAwake('plugged-in');
  setAwake('plugged-in');
  expect(holds()).toBe(1);
  unplug(true);
  expect(holds()).toBe(0);
  unplug(false);
  expect(holds()).toBe(1);
  setAwake('never');
  expect(holds()).toBe(0);
});

test('a run that begins on the battery keeps it awake only if that is wished', () => {
  const { setAwake, unplug, holds } = machine();
  unplug(true);
  setAwake('plugged-in');
  expect(holds()).toBe(0);
  setAwake('always');
  expect(holds()).toBe(1);
});
