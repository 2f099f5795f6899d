/** The licences of everything in a package, from the list that was written when it was made. */
import { join } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { readJson } from '../../../trainer/durable/files.ts';
import type { RequestHandler } from '../request-types.ts';

const limit = 16 << 20;

const Part = v.object({ name: v.string(), version: v.string(), licence: v.string() });
const Notices = v.array(
  v.object({
    ...Part.entries,
    from: v.string(),
    contains: v.optional(v.array(Part), []),
    text: v.optional(v.string()),
    file: v.optional(v.string()),
  }),
);
type Notices = v.InferOutput<typeof Notices>;

export interface Licences {
  readonly all: RequestHandler<'licences'>;
  readonly text: RequestHandler<'licenceText'>;
  readonly open: RequestHandler<'openLicence'>;
}

/** @param appRoot folder of `licences.json`; a checkout has none */
export function createLicences(appRoot: string, openPath: (path: string) => Promise<void>): Licences {
  let reading: Promise<Notices | null> | null = null;
  const notices = (): Promise<Notices | null> =>
    (reading ??= readJson(join(appRoot, 'licences.json'), limit).then((read) => v.parse(v.nullable(Notices), read)));

  async function noticeAt(index: number): Promise<Notices[number]> {
    const found = (await notices())?.[index];
    if (found === undefined) throw new FaultError('unknown-id', `There is no part ${index} in the list of licences.`);
    return found;
  }

  return {
    all: async () =>
      (await notices())?.map(({ text: _, file, ...notice }) => ({ ...notice, isPage: file !== undefined })) ?? null,
    text: async (index) => (await noticeAt(index)).text ?? '',
    open: async (index) => {
      const { file } = await noticeAt(index);
      if (file !== undefined) await openPath(join(appRoot, file));
    },
  };
}
