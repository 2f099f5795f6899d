/** Pictures of a filter, by page: requested when they come into view, one page at a time, and kept up to a limit. */
import { SvelteMap } from 'svelte/reactivity';
import type { ListedPicture, PictureRange } from '../../trainer/protocol/browse.ts';
import type { Fault } from '../../trainer/protocol/fault.ts';
import { faultOf } from './client.ts';

const pageSize = 48;
/** Some 2,000 thumbnails, a few tens of megabytes. */
const mostPages = 40;

export class PicturePages {
  /** Null until the first page is there. */
  total = $state<number | null>(null);
  fault = $state.raw<Fault | null>(null);
  readonly #ask: (from: number, count: number) => Promise<PictureRange>;
  /** The page requested last is the last. */
  readonly #pages = new SvelteMap<number, readonly ListedPicture[]>();
  /** Pages in view. */
  #wanted: readonly number[] = [];
  #isAsking = false;
  #isClosed = false;

  constructor(ask: (from: number, count: number) => Promise<PictureRange>) {
    this.#ask = ask;
  }

  /** Null if it is not there yet. */
  at(place: number): ListedPicture | null {
    return this.#pages.get(Math.floor(place / pageSize))?.[place % pageSize] ?? null;
  }

  /** Says which places are in view. What was in view before and is not there yet is no longer requested. */
  want(first: number, end: number): void {
    const from = Math.floor(first / pageSize);
    const count = Math.max(1, Math.ceil(end / pageSize) - from);
    this.#wanted = Array.from({ length: count }, (_, at) => from + at);
    void this.#fetch();
  }

  retry(): void {
    this.fault = null;
    void this.#fetch();
  }

  /** Ignores answers from here on. */
  close(): void {
    this.#isClosed = true;
  }

  async #fetch(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    for (let page = this.#missing(); page !== undefined; page = this.#missing()) {
      try {
        const { total, pictures } = await this.#ask(page * pageSize, pageSize);
        if (this.#isClosed) break;
        this.total = total;
        this.#pages.set(page, pictures);
        this.#makeRoom();
      } catch (error) {
        this.fault = faultOf(error);
      }
    }
    this.#isAsking = false;
  }

  #missing(): number | undefined {
    if (this.#isClosed || this.fault !== null) return undefined;
    return this.#wanted.find((page) => !this.#pages.has(page));
  }

  #makeRoom(): void {
    for (const page of [...this.#pages.keys()]) {
      if (this.#pages.size <= mostPages) break;
      if (!this.#wanted.includes(page)) this.#pages.delete(page);
    }
  }
}
