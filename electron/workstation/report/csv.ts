/**
 * Every figure as a row for a spreadsheet: one per run, metric and epoch choice, with the figures compared with it and what they
 * differ in. RFC 4180, raw numbers.
 */
import type { Reason } from '../../api/comparison.ts';
import type { Language } from '../../api/settings.ts';
import { isChosenOnTest } from '../../words/replication.ts';
import type { ReportModel } from './model.ts';
import { fieldName, reasonSide, wordsOf } from './naming.ts';

const columns = [
  'subject',
  'role',
  'method',
  'encoder',
  'evaluator',
  'dataset',
  'split',
  'metric',
  'run',
  'unit',
  'seed',
  'evaluation_seed',
  'which',
  'chosen_on_test_set',
  'value',
  'images',
  'mean',
  'mean_which',
  'n',
  'n_of',
  'varied',
  'sd',
  'interval_low',
  'interval_high',
  'interval_method',
  'paper_value',
  'paper_where',
  'paper_chosen_on_test_set',
  'earlier_value',
  'difference',
  'margin',
  'verdict',
  'breaks',
  'deviations',
  'not_stated',
  'protocol',
] as const;

const yesNo = (is: boolean): string => (is ? 'yes' : 'no');

type Value = string | number | bigint | null | undefined;

/** A field by RFC 4180, also of the terminal's tables. */
export function csvField(value: Value): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  // Escapes text that a spreadsheet would run as a formula.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param language of what figures differ in; everything else is codes and numbers */
export function renderCsv({ comparison }: ReportModel, language: Language): string {
  const words = wordsOf[language];
  /** `batch size: 2048 → 1024. Losses and batch norm see …`. */
  const told = (reason: Reason): string => {
    const [theirs, ours] = [reasonSide(words, reason, 'theirs'), reasonSide(words, reason, 'ours')];
    const sides = reason.kind === 'unstated' ? ours : `${theirs} → ${ours}. ${reason.why[language]}`;
    return `${fieldName(words, reason.field)}${words.colon}${sides}`;
  };
  const lines = comparison.rows.flatMap((row) => {
    const { subject, ours, paper, earlier, difference } = row;
    const fields = (kind: Reason['kind']): string =>
      row.reasons
        .filter((reason) => reason.kind === kind)
        .map(told)
        .join('\n');
    const values = ours?.values ?? [];
    return (values.length === 0 ? [null] : values).map((value) => {
      const record: Readonly<Record<(typeof columns)[number], Value>> = {
        subject: subject.label,
        role: subject.role,
        method: subject.method,
        encoder: subject.encoder,
        evaluator: row.evaluator,
        dataset: row.dataset,
        split: row.split,
        metric: row.metric,
        run: value?.run,
        unit: value?.unit,
        seed: value?.seed,
        evaluation_seed: value?.evaluationSeed,
        which: value?.which,
        chosen_on_test_set: value ? yesNo(value.which === 'best') : undefined,
        value: value?.value,
        images: ours?.images,
        mean: ours?.mean,
        mean_which: ours?.which,
        n: ours?.n,
        n_of: ours?.unit,
        varied: ours?.varied.join(' '),
        sd: ours?.sd,
        interval_low: ours?.interval?.low,
        interval_high: ours?.interval?.high,
        interval_method: ours?.interval?.method,
        paper_value: paper?.value,
        paper_where: paper?.where,
        paper_chosen_on_test_set: paper === null ? undefined : yesNo(isChosenOnTest(paper)),
        earlier_value: earlier?.value,
        difference: difference?.value,
        margin: difference?.margin,
        verdict: row.verdict,
        breaks: fields('breaks'),
        deviations: fields('deviation'),
        not_stated: fields('unstated'),
        protocol: Object.entries(row.protocol)
          .map(([key, setting]) => `${key}=${String(setting)}`)
          .sort()
          .join(' '),
      };
      return columns.map((name) => csvField(record[name])).join(',');
    });
  });
  return `${[columns.join(','), ...lines].join('\r\n')}\r\n`;
}
