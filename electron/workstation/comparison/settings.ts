/** What compared runs are set to, field by field, and which of it differs. */
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import { resizingTitles } from '../../../trainer/protocol/results.ts';
import {
  resizingOf,
  type DataSource,
  type EvaluateConfig,
  type PretrainConfig,
  type RunConfig,
} from '../../../trainer/protocol/run.ts';
import type { SettingsTable } from '../../api/comparison.ts';
import { below, measuringFields, operationFields, trainingFields, type Fields } from './configuration-fields.ts';
import { mergeRepeated, shown } from './field-differences.ts';
import type { Find, Member } from './members.ts';
import { dataName, subjectFacts, type SubjectFacts } from './subjects.ts';

type Names = ReadonlyMap<string, string>;

const isRead = ({ reading = {} }: DataSource): boolean => Object.keys(reading).length > 0;

/** What is of no interest to a paper, or there only where it is unusual, but may differ between two runs. */
function ownFields(config: RunConfig): Fields {
  const { seed, execution } = config;
  const { device, threads, loaderWorkers } = execution;
  return { resizing: resizingTitles[resizingOf(config)], seed, device, threads, loaderWorkers };
}

function pretrainFields(config: PretrainConfig, facts: SubjectFacts, catalogue: Catalogue): Fields {
  const { method, encoder, pretrainedOn, epochs, batch } = facts;
  return {
    method,
    encoder,
    pretrainedOn,
    epochs,
    batch,
    ...trainingFields(config, catalogue),
    ...operationFields(config),
    'data.reading': isRead(config.data),
    probe: config.probe !== null,
    ...ownFields(config),
  };
}

function evaluateFields(config: EvaluateConfig, facts: SubjectFacts, catalogue: Catalogue, names: Names): Fields {
  const { evaluator, train, test } = config;
  return {
    subject: facts.label,
    encoder: facts.encoder,
    evaluator: evaluator.id,
    trainedOn: dataName(train, names),
    dataset: dataName(test, names),
    split: test.split,
    ...below('protocol', measuringFields(config, catalogue) ?? {}),
    ...operationFields(config),
    trainReading: isRead(train),
    testReading: isRead(test),
    ...ownFields(config),
  };
}

/** Fields of one thing beside each other, in the order in which the first run has them. */
function ordered(sides: readonly Fields[]): readonly string[] {
  const groups = new Map<string, Set<string>>();
  for (const field of sides.flatMap((side) => Object.keys(side))) {
    const group = field.split('.', 1)[0]!;
    groups.set(group, (groups.get(group) ?? new Set()).add(field));
  }
  return [...groups.values()].flatMap((group) => [...group]);
}

/** The pretraining runs where there are two or more, otherwise the evaluations: runs of one kind have the same fields. */
export function settingsOf(members: readonly Member[], find: Find, catalogue: Catalogue, names: Names): SettingsTable {
  const trained = members.filter(({ config }) => config.kind === 'pretrain');
  const compared = trained.length > 1 ? trained : members.filter(({ config }) => config.kind === 'evaluate');
  const sides = compared.map((member): readonly [string, Fields] => {
    const facts = subjectFacts(member, find, catalogue, names);
    const { config } = member;
    const fields =
      config.kind === 'pretrain'
        ? pretrainFields(config, facts, catalogue)
        : evaluateFields(config, facts, catalogue, names);
    return [member.id, fields];
  });
  const all = sides.map(([, fields]) => fields);
  const rows = ordered(all).map((field): SettingsTable['fields'][number] => {
    const having = sides.filter(([, fields]) => field in fields);
    const values = Object.fromEntries(having.map(([run, fields]) => [run, shown(field, fields[field])]));
    const distinct = new Set(Object.values(values).map((value) => canonicalJson(value))).size;
    return { field, kind: distinct > 1 ? 'differs' : having.length < sides.length ? 'partly' : 'same', values };
  });
  return {
    runs: sides.map(([run]) => run),
    fields: mergeRepeated(rows, all, ({ kind, values }) => [kind, values]),
  };
}
