/** The origins of a preset's values, found by their paths. The rules of paths stand at the schema. */
import type { Preset, PresetFile } from '../../trainer/protocol/preset.ts';
import type { Origin, PresetSources } from '../../trainer/protocol/preset-origins.ts';

/** A table of sources, one origin a field. */
function originsIn({ read: sources, ours }: PresetSources): readonly Origin[] {
  const cited = sources.flatMap((source): readonly Origin[] => {
    if ('repository' in source) {
      const { repository, commit, values } = source;
      return values.map((value) => ({ kind: 'repository', repository, commit, ...value, note: value.note ?? null }));
    }
    const { paper, arxiv, values } = source;
    return values.map((value) => ({ kind: 'paper', paper, arxiv, ...value, note: value.note ?? null }));
  });
  const own = ours.flatMap(({ fields, reason }) => fields.map((field): Origin => ({ kind: 'ours', field, reason })));
  return [...cited, ...own];
}

function coversPart(part: string, key: string): boolean {
  if (part === key) return true;
  if (!/^\d+$/.test(key)) return false;
  const range = /^(\d+)-(\d+)$/.exec(part);
  return part === '*' || (range !== null && Number(range[1]) <= Number(key) && Number(key) <= Number(range[2]));
}

function startsAlike(parts: readonly string[], keys: readonly string[]): boolean {
  return parts.every((part, at) => keys[at] === undefined || coversPart(part, keys[at]));
}

/** True if the origin is one of the single value at `path`. */
export function covers({ kind, field }: Origin, path: string): boolean {
  const [parts, keys] = [field.split('.'), path.split('.')];
  const isDeepEnough = kind === 'ours' ? parts.length <= keys.length : parts.length === keys.length;
  return isDeepEnough && startsAlike(parts, keys);
}

/** Origins of the value at `path`, or of all values below it. */
export function originsAt(origins: readonly Origin[], path: string): readonly Origin[] {
  const keys = path.split('.');
  return origins.filter((origin) => {
    const parts = origin.field.split('.');
    return parts.length < keys.length ? covers(origin, path) : startsAlike(parts, keys);
  });
}

export function presetOf(file: PresetFile, sources: PresetSources): Preset {
  return { ...file, origins: originsIn(sources) };
}
