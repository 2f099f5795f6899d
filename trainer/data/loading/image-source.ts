/** The images of a data set as a loader reads them: decoded, compared with what was read before, opened again after they were away. */
import { FaultError } from '../../durable/fault-error.ts';
import type { OpenDataset } from '../../recipe.ts';
import { damagedImageError } from '../damaged-image.ts';
import { unreachableFault } from '../unreachable.ts';
import { decodeSample, type DecodedSample } from './decode-sample.ts';
import type { DecodingLog } from './decoding-signs.ts';
import { expectSame, type SeenContents } from './seen-contents.ts';

/** Whom to tell of decodings. */
export interface SourceLog {
  /** See `Work.open`. */
  readonly log: DecodingLog | undefined;
  /** Number of the source, as in `ImagePlace`. */
  readonly source: number;
}

/** It is opened again after a file of it could not be reached: one that it held open may be gone for good. */
export class ImageSource {
  readonly #open: () => Promise<OpenDataset>;
  readonly #seen: SeenContents | undefined;
  readonly #path: string;
  readonly #log: SourceLog;
  #data: OpenDataset;
  #isStale = false;

  /** @param path of the data set @param open gives the data set, as `data` was opened */
  constructor(
    data: OpenDataset,
    path: string,
    seen: SeenContents | undefined,
    log: SourceLog,
    open: () => Promise<OpenDataset>,
  ) {
    this.#data = data;
    this.#log = log;
    this.#path = path;
    this.#seen = seen;
    this.#open = open;
  }

  get data(): OpenDataset {
    return this.#data;
  }

  /** @throws DamagedImageError, and FaultError for a file that cannot be reached */
  load(index: number): Promise<DecodedSample> {
    const { log, source } = this.#log;
    const place = { source, index };
    return this.#reached(async () => {
      const blamed = log?.blamed(place);
      if (blamed) throw damagedImageError(blamed);
      const sample = await this.#data.sample(index);
      if (this.#seen) expectSame(this.#seen, index, sample);
      const decoded = () => decodeSample(sample, this.#data.channels);
      return log ? log.during(place, decoded) : decoded();
    });
  }

  /** What is annotated in an image of a data set that has objects. @throws as `load` */
  objects(index: number) {
    return this.#reached(() => this.#data.objects!(index));
  }

  async #reached<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      const away = unreachableFault(this.#path, error);
      this.#isStale ||= away !== null;
      throw away ?? error;
    }
  }

  /** Called when nothing is being read. */
  async reopen(): Promise<void> {
    if (!this.#isStale) return;
    const { count } = this.#data;
    const again = await this.#open().catch((error: unknown) => {
      throw unreachableFault(this.#path, error) ?? error;
    });
    if (again.count !== count) {
      await again.close();
      const text = `${this.#path} had ${count} images and now has ${again.count}: it has changed since it was away.`;
      throw new FaultError('dataset-changed', text, { path: this.#path }, { retry: 'resume' });
    }
    await this.#data.close();
    this.#data = again;
    this.#isStale = false;
  }
}
