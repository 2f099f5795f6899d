import { expect, test } from 'vitest';
import { addressOf, routeOf, type Route } from './route.svelte.ts';

const routes: readonly Route[] = [
  { view: 'plans', plan: null },
  { view: 'plans', plan: 'first' },
  { view: 'runs' },
  { view: 'run', run: 'vicreg-1' },
  { view: 'new', again: null, dataset: null },
  { view: 'new', again: 'vicreg-1', chunk: null },
  { view: 'new', again: 'vicreg-1', chunk: 128 },
  { view: 'new', again: null, dataset: 'sha256:ab/c' },
  { view: 'evaluate', of: { kind: 'run', run: 'vicreg-1' } },
  { view: 'evaluate', of: { kind: 'weights', weights: '00c0ffee00c0ffee' } },
  { view: 'map', of: { kind: 'run', run: 'vicreg-1' }, beside: null, at: null },
  { view: 'map', of: { kind: 'run', run: 'vicreg-1' }, beside: 'simclr-1', at: null },
  {
    view: 'map',
    of: { kind: 'run', run: 'vicreg-1' },
    beside: 'at',
    at: { fingerprint: 'sha256:ab/c', split: 'test', place: 12 },
  },
  {
    view: 'map',
    of: { kind: 'weights', weights: '00c0ffee00c0ffee' },
    beside: null,
    at: { fingerprint: 'at', split: 'at', place: 0 },
  },
  { view: 'weights' },
  { view: 'compare', selection: null },
  { view: 'compare', selection: { kind: 'plan', plan: 'first' } },
  { view: 'compare', selection: { kind: 'runs', runs: ['one-1', 'two-2'] } },
  { view: 'datasets', dataset: 'sha256:ab/c' },
  { view: 'reports', report: null },
  { view: 'reports', report: 'report-20260101000000-abcd' },
  { view: 'hardware' },
  { view: 'settings' },
];

test.each(routes)('$view round-trips through its address', (route) => {
  expect(routeOf(addressOf(route))).toEqual(route);
});

test('an unknown address leads to the plans', () => {
  expect(routeOf('#/nowhere/at/all')).toEqual({ view: 'plans', plan: null });
});
