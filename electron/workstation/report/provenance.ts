/** The appendix on provenance: data, compute, history, environment, files, model cards, checklist. */
import { deviceInWords } from '../../words/choices.ts';
import { datasetInWords, splitInWords } from '../../words/dataset-names.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { Said } from '../../../trainer/protocol/sentence.ts';
import { programInWords } from '../../words/programs.ts';
import { questionOf } from '../../words/readings.ts';
import { sentenceIn } from '../../words/sentences.ts';
import type { Block, Section, TableCell, TableRow } from './document.ts';
import { bytes, clock, moment, nothing, whole } from './format.ts';
import type { Words } from './locales/en.ts';
import type { HistoryEntry, ReportModel } from './model.ts';
import { ownValue, runName, shortFigureName, storedDataName } from './naming.ts';

/** Long lists are truncated; the JSON has everything. */
const mostListed = 20;

/** The answers of a person, or the usual ones, where a folder could be read in several ways. */
const readAs = ({ choices }: Inspection, { language }: Words): readonly (readonly [string, string])[] =>
  choices.map((choice) => {
    const { question, answers } = questionOf(language, choice, whole);
    return [question, answers.find(({ isNow }) => isNow)!.text];
  });

export function data(model: ReportModel, words: Words): Section | null {
  if (model.datasets.length === 0) return null;
  const { columns } = words;
  const sentence = (said: Said): string => sentenceIn(words.language, said, whole);
  const blocks = model.datasets.flatMap((dataset): readonly Block[] => {
    const { inspection, fingerprint } = dataset;
    const { licence, source, splits, classes, channels, rejects, rejectCount, leaks, leakCount } = inspection;
    const near = inspection.nearDuplicates;
    const more = (count: number): readonly string[] =>
      count > mostListed ? [words.data.more(whole(count - mostListed))] : [];
    const found = (count: number) => (inspection.contents === 'checked' ? whole(count) : words.data.notLookedFor);
    return [
      { kind: 'heading', text: storedDataName(words, dataset) },
      {
        kind: 'facts',
        items: [
          [words.data.version, fingerprint],
          ...(inspection.contentsFingerprint === undefined
            ? []
            : [[words.data.contents, inspection.contentsFingerprint] as const]),
          [words.data.licence, licence ?? words.data.unknown],
          [words.data.source, source === null ? words.data.unknown : sentence(source)],
          [words.data.channels, channels === null ? nothing : String(channels)],
          [words.data.size, bytes(inspection.bytes)],
          [words.data.rejects, whole(rejectCount)],
          [words.data.leaks, found(leakCount)],
          [words.data.duplicates, found(inspection.duplicateCount)],
          [words.data.near, near === null ? words.data.notLookedFor : words.data.nearCount(near)],
          ...(inspection.splitRule === null ? [] : [[words.data.splitRule, sentence(inspection.splitRule)] as const]),
          ...readAs(inspection, words),
        ],
      },
      {
        kind: 'table',
        columns: [
          { title: columns.split, kind: 'text' },
          { title: columns.images, kind: 'figure' },
          { title: columns.classes, kind: 'figure' },
          { title: columns.perClass, kind: 'figure' },
        ],
        rows: splits.map(({ split, images, perClass }) => {
          const [least, most] = [Math.min(...perClass), Math.max(...perClass)];
          const spread =
            perClass.length === 0 ? nothing : least === most ? whole(least) : `${whole(least)}–${whole(most)}`;
          return [splitInWords(words.language, split), whole(images), whole(classes.length), spread];
        }),
      },
      ...(rejectCount === 0
        ? []
        : [
            { kind: 'heading' as const, text: words.data.rejectTitle },
            {
              kind: 'list' as const,
              items: [
                ...rejects.slice(0, mostListed).map(({ file, reason }) => `${file}${words.colon}${sentence(reason)}`),
                ...more(rejectCount),
              ],
            },
          ]),
      ...(leakCount === 0
        ? []
        : [
            { kind: 'heading' as const, text: words.data.leakTitle },
            {
              kind: 'list' as const,
              items: [...leaks.slice(0, mostListed).map((pair) => pair.join(' = ')), ...more(leakCount)],
            },
          ]),
    ];
  });
  return { id: 'data', title: words.sections.data, blocks: [...blocks, ...leftOut(model, words)] };
}

/** Damaged images that runs left out, by run and reason. */
function leftOut({ runs }: ReportModel, words: Words): readonly Block[] {
  const items = runs.flatMap(({ run, leftOut: { reasons } }) =>
    reasons.map(({ reason, images }) =>
      words.data.leftOut({ run: run.title, images, reason: sentenceIn(words.language, reason, whole) }),
    ),
  );
  if (items.length === 0) return [];
  const shown = items.slice(0, mostListed);
  const more = items.length > mostListed ? [words.data.more(whole(items.length - mostListed))] : [];
  return [
    { kind: 'heading', text: words.data.leftOutTitle },
    { kind: 'list', items: [...shown, ...more] },
  ];
}

export function compute(model: ReportModel, words: Words): Section | null {
  if (model.runs.length === 0) return null;
  const { columns } = words;
  const seconds = new Map(model.compute.map(({ run, seconds: own }) => [run, own]));
  const total = (wanted: (status: string) => boolean): number =>
    model.runs.reduce((sum, { run }) => sum + (wanted(run.status) ? (seconds.get(run.id) ?? 0) : 0), 0);
  const lost = total((status) => ['failed', 'stopped', 'interrupted'].includes(status));
  return {
    id: 'compute',
    title: words.sections.compute,
    blocks: [
      {
        kind: 'table',
        columns: [
          { title: columns.run, kind: 'text' },
          { title: columns.status, kind: 'text' },
          { title: columns.time, kind: 'figure' },
          { title: columns.steps, kind: 'figure' },
          { title: words.compute.pace, kind: 'figure' },
          { title: columns.threads, kind: 'figure' },
          { title: columns.device, kind: 'text' },
        ],
        rows: model.runs.map((entry): readonly TableCell[] => {
          const { run, hello } = entry;
          const own = seconds.get(run.id) ?? 0;
          return [
            run.title,
            words.states[run.status] ?? run.status,
            words.duration(clock(own)),
            whole(run.step),
            paceOf(entry, own),
            hello === null ? nothing : String(hello.threads),
            hello === null ? nothing : deviceInWords(words.language, hello.device),
          ];
        }),
      },
      {
        kind: 'paragraph',
        text: words.compute.total({
          total: words.duration(clock(total(() => true))),
          lost: words.duration(clock(lost)),
        }),
      },
      { kind: 'paragraph', text: words.compute.energy, quiet: true },
    ],
  };
}

export function history(model: ReportModel, words: Words): Section | null {
  if (model.runs.length === 0) return null;
  const { columns } = words;
  const event = ({ kind, lostSteps }: HistoryEntry): string =>
    kind === 'resumed' ? words.history.resumed({ lost: whole(lostSteps) }) : words.history[kind ?? 'open'];
  const blocks: readonly Block[] =
    model.history.length === 0
      ? [{ kind: 'paragraph', text: words.history.none }]
      : [
          {
            kind: 'table',
            columns: [
              { title: columns.at, kind: 'text' },
              { title: columns.run, kind: 'text' },
              { title: columns.attempt, kind: 'figure' },
              { title: columns.step, kind: 'figure' },
              { title: columns.event, kind: 'text' },
            ],
            rows: model.history.map((entry) => [
              moment(entry.at),
              runName(model, entry.run),
              String(entry.attempt),
              whole(entry.step),
              { text: event(entry), ...(entry.text === '' ? {} : { note: entry.text }) },
            ]),
          },
        ];
  return { id: 'history', title: words.sections.history, blocks };
}

export function environment(model: ReportModel, words: Words): Section {
  const { version, edition, platform, versions } = model.environment;
  const hellos = model.runs.flatMap(({ hello }) => (hello === null ? [] : [hello]));
  const all = (pick: (hello: (typeof hellos)[number]) => string): string =>
    [...new Set(hellos.map(pick))].sort().join(words.comma) || nothing;
  const isOnGpu = hellos.some(({ device }) => device !== 'cpu');
  const precision = [...new Set(model.runs.map(({ run }) => run.config.execution.precision))].sort().join(words.comma);
  const merged = new Map(Object.entries(versions));
  for (const hello of hellos) for (const [name, own] of Object.entries(hello.versions)) merged.set(name, own);
  const listed = [...merged]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, own]) => `${programInWords(words.language, name)} ${own}`)
    .join(words.listComma);
  return {
    id: 'environment',
    title: words.sections.environment,
    blocks: [
      {
        kind: 'facts',
        items: [
          [words.environment.program, `Reprise ${version}${edition}`],
          [words.environment.platform, platform],
          [words.environment.device, all(({ device }) => deviceInWords(words.language, device))],
          [words.environment.threads, all(({ threads }) => String(threads))],
          [words.environment.instructionSet, all(({ instructionSet }) => instructionSet)],
          [words.environment.precision, precision || nothing],
          [words.environment.determinism, isOnGpu ? words.environment.onGpu : words.environment.deterministic],
          [words.environment.versions, listed || nothing],
        ],
      },
    ],
  };
}

export function artifacts(model: ReportModel, words: Words): Section | null {
  if (model.runs.length === 0) return null;
  const { columns } = words;
  const rows = model.runs.flatMap(({ run, files }): readonly TableRow[] => {
    const own = files.map((file) => [file.path, bytes(file.bytes), file.sha256]);
    return own.length === 0 ? [] : [{ group: `${run.id} · ${run.title}` }, ...own];
  });
  return {
    id: 'artifacts',
    title: words.sections.artifacts,
    blocks: [
      { kind: 'heading', text: words.artifacts.command },
      { kind: 'code', lines: model.commands },
      ...(rows.length === 0
        ? []
        : ([
            { kind: 'heading', text: words.artifacts.files },
            {
              kind: 'table',
              columns: [
                { title: columns.file, kind: 'code' },
                { title: columns.size, kind: 'figure' },
                { title: 'SHA-256', kind: 'code' },
              ],
              rows,
            },
            { kind: 'paragraph', text: words.artifacts.filesNote, quiet: true },
          ] as const)),
    ],
  };
}

/** Images, not views: as many as passed the loader. */
function paceOf({ run }: ReportModel['runs'][number], seconds: number): string {
  return run.config.kind === 'pretrain' && seconds > 0 ? whole((run.step * run.config.batch) / seconds) : nothing;
}

/** A model card for each fully trained encoder: architecture, data and figures. */
export function cards(model: ReportModel, words: Words): Section | null {
  const { palette } = model.comparison;
  const blocks = model.runs.flatMap(({ run, files }): readonly Block[] => {
    const { config } = run;
    if (config.kind !== 'pretrain' || run.status !== 'done') return [];
    const { method: own, encoders, epochs, batch, seed, execution, data: source } = config;
    const dataset = model.datasets.find(({ fingerprint }) => fingerprint === source.fingerprint);
    const titleOf = (id: string): string => model.titles[id] ?? id;
    const measured = model.comparison.rows.filter(
      (row) => palette.subjects[row.subject.id] === palette.runs[run.id] && row.ours !== null,
    );
    const figures = [...new Set(measured.map((row) => row.dataset))].map((name) => {
      const here = measured.filter((row) => row.dataset === name);
      const values = here.map((row) => `${shortFigureName(words, row)} ${ownValue(row)}`);
      return words.cards.figuresOf({ figures: values.join(words.comma), data: datasetInWords(words.language, name) });
    });
    const kept = files.findLast(({ path }) => path.endsWith('/manifest.json'));
    return [
      { kind: 'heading', text: run.title },
      {
        kind: 'facts',
        items: [
          [words.cards.model, `${titleOf(own.id)}, ${encoders.map(({ id }) => titleOf(id)).join(' + ')}`],
          [
            words.cards.trained,
            words.cards.trainedOn({
              data: dataset === undefined ? titleOf(source.dataset) : storedDataName(words, dataset),
              split: splitInWords(words.language, source.split),
              labels: model.labelled.includes(own.id) ? words.cards.withLabels : words.cards.withoutLabels,
              licence: dataset?.inspection.licence ?? words.data.unknown,
            }),
          ],
          [
            words.cards.course,
            words.cards.courseOf({
              epochs: String(epochs),
              batch: String(batch),
              seed: String(seed),
              precision: execution.precision,
            }),
          ],
          [words.cards.figures, figures.join(words.semicolon) || nothing],
          [words.cards.weights, kept === undefined ? words.cards.noWeights : `${run.id}/${kept.path} ${kept.sha256}`],
        ],
      },
    ];
  });
  if (blocks.length === 0) return null;
  const use: Block = { kind: 'paragraph', text: words.cards.use };
  return { id: 'cards', title: words.sections.cards, blocks: [use, ...blocks] };
}

export function checklist(model: ReportModel, words: Words): Section {
  const { columns } = words;
  return {
    id: 'checklist',
    title: words.sections.checklist,
    blocks: [
      { kind: 'paragraph', text: words.checklist.intro },
      {
        kind: 'table',
        columns: [
          { title: columns.question, kind: 'text' },
          { title: columns.answer, kind: 'text' },
        ],
        rows: model.checklist.map(({ id, answer }) => [
          words.checklist.items[id],
          {
            text: words.checklist.answers[answer],
            label: true,
            tone: answer === 'yes' ? ('ok' as const) : answer === 'no' ? ('attention' as const) : ('quiet' as const),
          },
        ]),
      },
    ],
  };
}
