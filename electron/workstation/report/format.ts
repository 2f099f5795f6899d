/** Numbers and times as text: the same on every machine, whatever its locale data. */
import type { Bounds } from '../comparison/statistics/intervals.ts';

/** Placeholder for a missing number. */
export const nothing = '–';

export function decimal(value: number | null, digits: number): string {
  if (value === null) return nothing;
  const text = Math.abs(value).toFixed(digits);
  const minus = value < 0 && Number(text) !== 0 ? '−' : '';
  const [whole = '', fraction] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${minus}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

export function signed(value: number, digits: number): string {
  return value > 0 && Number(value.toFixed(digits)) !== 0 ? `+${decimal(value, digits)}` : decimal(value, digits);
}

export function whole(value: number | null): string {
  return decimal(value, 0);
}

export function between({ low, high }: Bounds, digits: number): string {
  return `[${decimal(low, digits)}, ${decimal(high, digits)}]`;
}

/** Formats a p-value without excessive zeros. */
export function probability(value: number): string {
  return value < 0.0001 ? '< 0.0001' : value.toFixed(4);
}

/** 2026-01-31 08:05 UTC. */
export function moment(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let left = value;
  while (left >= 1024 && unit < units.length - 1) {
    left /= 1024;
    unit += 1;
  }
  return `${left.toFixed(unit === 0 ? 0 : 1)} ${units[unit] ?? ''}`;
}

export interface Clock {
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}
export function clock(seconds: number): Clock {
  const all = Math.round(seconds);
  return { hours: Math.floor(all / 3600), minutes: Math.floor((all % 3600) / 60), seconds: all % 60 };
}
