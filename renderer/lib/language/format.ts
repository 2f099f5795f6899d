/** Numbers, sizes and times as people read them. The only place that formats them. */
import type { Metric } from '../../../trainer/protocol/catalogue.ts';
import type { Language } from '../../../electron/api/settings.ts';
import { missing, type Say } from './say.ts';

export interface Format {
  readonly language: Language;
  /** With grouping: 1,281,167. */
  number(value: number | null | undefined, digits?: number): string;
  /** Significant digits by magnitude: 15.82, 0.08421, 1.6e-5. */
  figure(value: number | null | undefined, digits?: 3 | 4): string;
  /** A figure that is in percent already: 73.2 %. */
  percent(value: number | null | undefined, digits?: number): string;
  /** A figure in its unit: 73.20 %, or 231.07. */
  measured(unit: Metric['unit'], value: number | null | undefined): string;
  /** A p-value, with an upper bound in place of many zeros. */
  probability(value: number | null | undefined): string;
  /** A fraction of one as a percentage: 0.452 → 45 %. */
  share(value: number | null | undefined, digits?: number): string;
  /** With its sign, in percentage points: +1.2. */
  points(value: number | null | undefined, digits?: number): string;
  bytes(value: number | null | undefined): string;
  /** 2 h 10 min; 45 s; 0.084 s. */
  duration(seconds: number | null | undefined): string;
  /** about 2 h 10 min, give or take 15 min */
  about(seconds: number | null | undefined, spread?: number | null): string;
  /** roughly 3 h: known within a factor of two or so. */
  roughly(seconds: number | null | undefined): string;
  /** 3 min ago; just now. */
  ago(then: number | null | undefined, now: number): string;
  date(at: number | null | undefined): string;
  /** When something is expected: the time of day, with the day unless it is today. */
  due(at: number, now: number): string;
  time(at: number): string;
}

/** A share of images is in percent too. */
export const isPercentage = (unit: Metric['unit']): boolean => unit !== 'number';

const leastShown = 0.0001;

const localeOf: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' };
const byteUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

const significantDigits = (locale: string, digits: number): Intl.NumberFormat =>
  new Intl.NumberFormat(locale, { maximumSignificantDigits: digits });

const momentFormats = (locale: string) => ({
  dateTime: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }),
  hour: new Intl.DateTimeFormat(locale, { timeStyle: 'short' }),
  dayAndHour: new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' }),
  timeOfDay: new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }),
});

export function createFormat(language: Language, say: Say): Format {
  const locale = localeOf[language];
  const numberFormats = new Map<number, Intl.NumberFormat>();
  const fixed = (digits: number): Intl.NumberFormat => {
    let format = numberFormats.get(digits);
    if (format === undefined) {
      format = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
      numberFormats.set(digits, format);
    }
    return format;
  };
  const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 });
  const scientific = new Intl.NumberFormat(locale, { notation: 'scientific', maximumFractionDigits: 2 });
  // One is ready for every count of digits a screen asks for: a chart writes a figure at every move of the pointer.
  const significant = { 3: significantDigits(locale, 3), 4: significantDigits(locale, 4) };
  const moment = momentFormats(locale);
  const byteFormats = byteUnits.map(
    (unit) => new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumSignificantDigits: 3 }),
  );

  const isKnown = (value: number | null | undefined): value is number =>
    value !== null && value !== undefined && Number.isFinite(value);

  const number = (value: number | null | undefined, digits?: number): string =>
    isKnown(value) ? (digits === undefined ? plain : fixed(digits)).format(value) : missing;
  const percent = (value: number | null | undefined, digits = 2): string =>
    isKnown(value) ? say('unit.percent', { value: fixed(digits).format(value) }) : missing;

  const duration = (seconds: number | null | undefined): string => {
    if (!isKnown(seconds)) return missing;
    if (seconds > 0 && seconds < 10) return say('unit.seconds', { n: significant[4].format(roundTo(seconds, 2)) });
    return wholeDuration(Math.round(seconds), say);
  };

  return {
    language,
    number,
    percent,
    measured: (unit, value) => (isPercentage(unit) ? percent(value) : number(value, 2).replace('-', '−')),
    probability: (value) => (isKnown(value) && value < leastShown ? `< ${leastShown}` : number(value, 4)),
    duration,
    figure(value, digits = 4) {
      if (!isKnown(value)) return missing;
      const size = Math.abs(value);
      if (size !== 0 && (size < 1e-3 || size >= 1e6)) return scientific.format(value).replace('E', 'e');
      return significant[digits].format(value);
    },
    share: (value, digits = 0) => percent(isKnown(value) ? value * 100 : null, digits),
    points: (value, digits = 2) =>
      isKnown(value) ? `${value > 0 ? '+' : value < 0 ? '−' : ''}${fixed(digits).format(Math.abs(value))}` : missing,
    bytes(value) {
      if (!isKnown(value)) return missing;
      const power = value < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(value) / 3));
      if (power === 0) return say('unit.bytes', { n: value });
      return byteFormats[power]!.format(value / 1000 ** power);
    },
    about(seconds, spread) {
      if (!isKnown(seconds)) return missing;
      // A spread below that is noise to a reader.
      if (!isKnown(spread) || spread < Math.max(1, seconds * 0.01))
        return say('time.about', { time: duration(coarse(seconds)) });
      return say('time.aboutSpread', { time: duration(coarse(seconds)), spread: duration(coarse(spread)) });
    },
    roughly: (seconds) => (isKnown(seconds) ? say('time.roughly', { time: duration(rough(seconds)) }) : missing),
    ago(then, now) {
      if (!isKnown(then)) return missing;
      const seconds = Math.max(0, (now - then) / 1000);
      if (seconds < 10) return say('time.now');
      return say('time.ago', {
        time: duration(seconds < 60 ? Math.floor(seconds / 10) * 10 : Math.floor(seconds / 60) * 60),
      });
    },
    due: (at, now) =>
      (new Date(at).toDateString() === new Date(now).toDateString() ? moment.hour : moment.dayAndHour).format(at),
    date: (at) => (isKnown(at) ? moment.dateTime.format(at) : missing),
    time: (at) => moment.timeOfDay.format(at),
  };
}

/** The two largest parts that are not zero: 1 d 4 h, 2 h 10 min, 3 min 20 s. */
function wholeDuration(whole: number, say: Say): string {
  if (whole < 60) return say('unit.seconds', { n: whole });
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (days > 0) return hours > 0 ? say('unit.daysHours', { d: days, h: hours }) : say('unit.days', { n: days });
  if (hours > 0)
    return minutes > 0 ? say('unit.hoursMinutes', { h: hours, m: minutes }) : say('unit.hours', { n: hours });
  const rest = whole % 60;
  return minutes < 10 && rest > 0
    ? say('unit.minutesSeconds', { m: minutes, s: rest })
    : say('unit.minutes', { n: minutes });
}

/** A time known within a factor of two: in fives of seconds or minutes, in half hours, hours, or days of two digits. */
function rough(seconds: number): number {
  const unit = seconds < 60 ? 5 : seconds < 600 ? 60 : seconds < 3600 ? 300 : seconds < 10_800 ? 1800 : 3600;
  const [step, digits] = seconds < 86_400 ? [unit, 4] : [86_400, 2];
  return Number(Math.max(1, Math.round(seconds / step)).toPrecision(digits)) * step;
}

function roundTo(value: number, digits: number): number {
  const scale = 10 ** (digits - 1 - Math.floor(Math.log10(value)));
  return Math.round(value * scale) / scale;
}

/** An estimate is not known to the second: seconds below a minute in fives, minutes in ones. */
function coarse(seconds: number): number {
  if (seconds < 20) return Math.max(1, Math.round(seconds));
  if (seconds < 60) return Math.round(seconds / 5) * 5;
  return Math.round(seconds / 60) * 60;
}
