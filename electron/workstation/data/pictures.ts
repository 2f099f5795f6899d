/** The pictures of a data set: those of a filter in ranges, one of them, its augmented views. */
import type { RequestHandler } from '../request-types.ts';
import type { StoredDataset } from '../store/store.ts';
import { exclude } from './excluded-images.ts';
import { dataOf } from './sources.ts';
import type { BrowseJob, PictureDesk } from '../trainer/picture-desk.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface Pictures {
  readonly range: RequestHandler<'pictures'>;
  readonly picture: RequestHandler<'picture'>;
  readonly views: RequestHandler<'augmentedViews'>;
  readonly show: RequestHandler<'showPicture'>;
  readonly exclude: RequestHandler<'excludePicture'>;
}

export interface PicturesOptions {
  readonly workspace: Workspace;
  readonly desk: PictureDesk;
  readonly get: (fingerprint: string) => Promise<StoredDataset>;
  readonly showItem: (path: string) => Promise<void>;
}

export function createPictures({ workspace, desk, get, showItem }: PicturesOptions): Pictures {
  const jobFor = async (fingerprint: string): Promise<BrowseJob> => browseJob(await get(fingerprint), workspace);
  const picture: Pictures['picture'] = async (fingerprint, filter, place) =>
    (await desk.ask(await jobFor(fingerprint), { kind: 'picture', filter, place })).picture;
  return {
    range: async (fingerprint, filter, from, count) =>
      (await desk.ask(await jobFor(fingerprint), { kind: 'range', filter, from, count })).range,
    picture,
    views: async (fingerprint, filter, place, draw) =>
      (await desk.ask(await jobFor(fingerprint), { kind: 'views', filter, place, draw })).drawn,
    exclude: async (fingerprint, image, isLeftOut) =>
      exclude(workspace.datasets, await get(fingerprint), image, isLeftOut),
    show: async (fingerprint, filter, place) => {
      const { file } = await picture(fingerprint, filter, place);
      await showItem(file ?? (await get(fingerprint)).path);
    },
  };
}

function browseJob(row: StoredDataset, workspace: Workspace): BrowseJob {
  const { splits, leaks, rejects } = row.inspection;
  return {
    kind: 'browse',
    data: dataOf(row),
    splits: splits.map(({ split }) => split),
    leaks,
    rejects,
    datasetsFolder: workspace.datasets,
    cacheFolder: workspace.write ? workspace.cache : null,
  };
}
