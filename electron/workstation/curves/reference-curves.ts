/** Reference curves for the window and the terminal: imported, described, removed, drawn. */
import { randomBytes } from 'node:crypto';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { RecordedCurves, ReferenceRecord } from '../../../trainer/protocol/reference-curves.ts';
import type { DescribedCurves, ReferenceCurves, WantedCurves } from '../../api/reference-curves.ts';
import type { Push, RequestHandler } from '../request-types.ts';
import { bucketed } from '../store/reference-curves.ts';
import type { Store } from '../store/store.ts';
import { describeCurves, removeCurves, restoreCurves, saveCurves } from '../workspace/stored-curves.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { exportCurves } from './export-events.ts';
import { readCurves } from './read-curves.ts';
import { suggestMetrics } from './suggest-metrics.ts';

export interface ReferenceCurvesAnswers {
  readonly export: RequestHandler<'exportCurves'>;
  readonly all: RequestHandler<'referenceCurves'>;
  readonly import: RequestHandler<'importCurves'>;
  readonly describe: RequestHandler<'describeCurves'>;
  readonly remove: RequestHandler<'removeCurves'>;
  readonly undoRemove: RequestHandler<'undoRemoveCurves'>;
  readonly series: RequestHandler<'referenceSeries'>;
}

interface Options {
  readonly workspace: Workspace;
  readonly store: Store;
  /** Runs of presets that came with the program. */
  readonly shipped: readonly RecordedCurves[];
  readonly push: Push;
  readonly now: () => number;
}

/** Of a curve that came with the program; no import has such an id. */
const presetPrefix = 'preset-';
const longestName = 200;

export function createReferenceCurves({ workspace, store, shipped, push, now }: Options): ReferenceCurvesAnswers {
  async function recordOf(id: string): Promise<ReferenceRecord> {
    const found = (await store.referenceCurves()).find((record) => record.id === id);
    if (found !== undefined) return found;
    const isShipped = shipped.some(({ preset }) => presetPrefix + preset === id);
    throw isShipped
      ? new FaultError('bad-argument', 'These curves came with the program: they can be hidden, and stay.', { id })
      : new FaultError('unknown-id', `There are no reference curves "${id}" in this workspace.`, { id });
  }

  return {
    export: async (run) => (await exportCurves({ store }, run, null)).file,
    all: async () => [...shipped.map(shippedCurves), ...(await store.referenceCurves()).map(importedCurves)],
    import: async (path, wanted = {}) => {
      const { curves, name, ...found } = await readCurves(path);
      const suggested =
        found.kind === 'run' ? curves.map(({ source }) => source) : suggestMetrics(curves.map(({ source }) => source));
      const record = mapped(
        {
          ...found,
          version: 1,
          id: `ref-${now().toString(36)}${randomBytes(3).toString('hex')}`,
          name: (wanted.name ?? name).slice(0, longestName),
          addedAt: now(),
          method: wanted.method ?? null,
          notes: [...found.notes],
          curves: curves.map(({ source, positions }, at) => ({
            source,
            metric: suggested[at] ?? null,
            points: positions.length,
          })),
        },
        wanted.metrics ?? {},
      );
      const points = curves.map(({ positions, values }) => ({ positions: [...positions], values: [...values] }));
      await saveCurves(workspace, store, record, points);
      push('curvesChanged');
      return importedCurves(record);
    },
    describe: async (id, { name, metrics }: DescribedCurves) => {
      const record = mapped({ ...(await recordOf(id)), name }, metrics);
      await describeCurves(workspace, store, record);
      push('curvesChanged');
      return importedCurves(record);
    },
    remove: async (id) => {
      await recordOf(id);
      await removeCurves(workspace, store, id);
      push('curvesChanged');
    },
    undoRemove: async (id) => {
      await restoreCurves(workspace, store, id);
      push('curvesChanged');
    },
    series: async (id, source, points) => {
      const recorded = shipped.find(({ preset }) => presetPrefix + preset === id);
      if (recorded === undefined) {
        await recordOf(id);
        return store.referenceSeries(id, source, points);
      }
      const curve = recorded.curves.find(({ metric }) => metric === source);
      return bucketed(source, curve?.steps ?? [], curve?.values ?? [], points);
    },
  };
}

/** With the metrics that a person chose: an unknown curve is refused, and a metric for two curves. */
function mapped(record: ReferenceRecord, metrics: WantedCurves['metrics'] = {}): ReferenceRecord {
  const sources = record.curves.map(({ source }) => source);
  for (const source of Object.keys(metrics)) {
    if (sources.includes(source)) continue;
    const listed = sources.slice(0, 20).join(', ');
    throw new FaultError('bad-argument', `There is no curve "${source}" in "${record.name}". It has: ${listed}.`);
  }
  const chosen = new Set(Object.values(metrics).filter((metric) => metric !== null));
  const curves = record.curves.map((curve) => {
    if (Object.hasOwn(metrics, curve.source)) return { ...curve, metric: metrics[curve.source] ?? null };
    // A suggestion gives way to what was chosen.
    return curve.metric !== null && chosen.has(curve.metric) ? { ...curve, metric: null } : curve;
  });
  const used = curves.flatMap(({ metric }) => (metric === null ? [] : [metric]));
  const twice = used.find((metric, at) => used.indexOf(metric) !== at);
  if (twice !== undefined)
    throw new FaultError('bad-argument', `Two curves cannot both be drawn with "${twice}": choose one of them.`);
  return { ...record, curves };
}

function importedCurves({ version: _version, bytes: _bytes, ...record }: ReferenceRecord): ReferenceCurves {
  return { ...record, preset: null };
}

function shippedCurves({ preset, data, method, batch, stepsPerEpoch, curves }: RecordedCurves): ReferenceCurves {
  return {
    id: presetPrefix + preset,
    name: data,
    kind: 'preset',
    file: '',
    checksum: '',
    addedAt: 0,
    axis: 'step',
    stepsPerEpoch,
    batch,
    method,
    preset,
    notes: [],
    curves: curves.map(({ metric, steps }) => ({ source: metric, metric, points: steps.length })),
  };
}
