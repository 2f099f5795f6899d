/** Lists every value once: under its source, for all the runs that share it. */
import type { Origin } from '../../../trainer/protocol/preset-origins.ts';
import { evaluatedRun, type RunConfig } from '../../../trainer/protocol/run.ts';
import { placeInWords, sourceInWords, type Language } from '../../words/origins.ts';
import type { ReportModel } from './model.ts';

/** What runs that share a value have in common; `some` if nothing that has a name. */
export type Scope = {
  readonly kind: 'all' | 'pretrain' | 'evaluate' | 'method' | 'evaluator' | 'subject' | 'run-subject' | 'some';
  /** Id of the method, the evaluator, the kind of subject, or the evaluated run. */
  readonly id: string;
  readonly runs: readonly string[];
};
export interface SharedValues {
  readonly scope: Scope;
  readonly values: readonly SharedValue[];
}
/** `place`: where in the source it stands; empty if nothing is cited. */
export interface SharedValue {
  readonly path: string;
  readonly value: string;
  readonly place: string;
}
export interface ParameterGroup {
  /** Null if no source is cited. */
  readonly source: string | null;
  readonly shared: readonly SharedValues[];
}

type Configured = Pick<ReportModel, 'runs' | 'parameters'>;

interface Value extends SharedValue {
  readonly source: string | null;
  readonly runs: string[];
}

/** Sources in the order of citation, values without a source last; within a source, the most shared values first. */
export function groupParameters(model: Configured, language: Language): readonly ParameterGroup[] {
  const scopes = scopesOf(model);
  const values = valuesOf(model, language);
  const cited = new Set(values.flatMap(({ source }) => source ?? []));
  const sources = [...cited, ...(values.some(({ source }) => source === null) ? [null] : [])];
  return sources.map((source) => {
    const sets = new Map<string, Value[]>();
    for (const value of values) {
      if (value.source !== source) continue;
      const set = value.runs.join(' ');
      sets.set(set, [...(sets.get(set) ?? []), value]);
    }
    const shared = [...sets].map(([set, own]): SharedValues => {
      const runs = set.split(' ');
      const scope = scopes.get(set) ?? { kind: 'some', id: '', runs };
      return { scope, values: mergeIndices(own) };
    });
    return { source, shared: shared.sort((one, other) => other.scope.runs.length - one.scope.runs.length) };
  });
}

/**
 * A run without a source shares the entry of one that has the same value with a source; two sources give two entries.
 */
function valuesOf({ parameters }: Configured, language: Language): readonly Value[] {
  const cited = new Map<string, Origin>();
  for (const { values } of parameters) {
    for (const { path, value, origin } of values) {
      const key = `${path}\n${value}`;
      if (origin !== null && !cited.has(key)) cited.set(key, origin);
    }
  }
  const entries = new Map<string, Value>();
  for (const { run, values } of parameters) {
    for (const { path, value, origin } of values) {
      const from = origin ?? cited.get(`${path}\n${value}`) ?? null;
      const source = from === null ? null : sourceInWords(language, from);
      const place = from === null ? '' : placeInWords(language, from);
      const key = [path, value, source ?? '', place].join('\n');
      const entry = entries.get(key) ?? { path, value, place, source, runs: [] };
      entry.runs.push(run);
      entries.set(key, entry);
    }
  }
  return [...entries.values()];
}

/** Named sets of runs, by their ids. If two kinds name the same set, the wider one counts. */
function scopesOf({ runs, parameters }: Configured): ReadonlyMap<string, Scope> {
  const configs = new Map(runs.map(({ run }) => [run.id, run.config]));
  const scopes = new Map<string, Scope>();
  for (const kind of ['all', 'pretrain', 'evaluate', 'method', 'evaluator', 'subject', 'run-subject'] as const) {
    const members = new Map<string, string[]>();
    for (const { run } of parameters) {
      const config = configs.get(run);
      const id = config === undefined ? null : idIn(kind, config);
      if (id !== null) members.set(id, [...(members.get(id) ?? []), run]);
    }
    for (const [id, own] of members) {
      const set = own.join(' ');
      if (own.length > 1 && !scopes.has(set)) scopes.set(set, { kind, id, runs: own });
    }
  }
  return scopes;
}

function idIn(kind: Exclude<Scope['kind'], 'some'>, config: RunConfig): string | null {
  switch (kind) {
    case 'all':
      return '';
    case 'pretrain':
    case 'evaluate':
      return config.kind === kind ? '' : null;
    case 'method':
      return config.kind === 'pretrain' ? config.method.id : null;
    case 'evaluator':
      return config.kind === 'evaluate' ? config.evaluator.id : null;
    case 'subject':
      return config.kind === 'evaluate' ? config.subject.kind : null;
    case 'run-subject':
      return evaluatedRun(config);
  }
}

/** Merges `views.0.size` and `views.1.size` with equal values into `views.{0,1}.size`. */
function mergeIndices(values: readonly Value[]): readonly SharedValue[] {
  const merged = new Map<string, SharedValue & { readonly indices: string[] }>();
  for (const { path, value, place } of values) {
    const index = /(?<=\.)\d+(?=\.)/.exec(path)?.[0];
    const pattern = index === undefined ? path : path.replace(/(?<=\.)\d+(?=\.)/, '*');
    const key = [pattern, value, place].join('\n');
    const known = merged.get(key);
    if (known !== undefined && index !== undefined) known.indices.push(index);
    else merged.set(key, { path: pattern, value, place, indices: index === undefined ? [] : [index] });
  }
  return [...merged.values()].map(({ path, value, place, indices }) => {
    const shown = indices.length > 1 ? `{${indices.join(',')}}` : (indices[0] ?? '*');
    return { path: indices.length === 0 ? path : path.replace('*', shown), value, place };
  });
}
