/** Small pictures of a split by their places, asked for one after the other, the newest wish first. */
import { SvelteMap } from 'svelte/reactivity';
import type { ListedPicture } from '../../../trainer/protocol/browse.ts';
import { ask } from '../client.ts';

const mostKept = 2000;

export class MapPictures {
  readonly #fingerprint: string;
  readonly #split: string;
  readonly #found = new SvelteMap<number, ListedPicture>();
  #wanted: number[] = [];
  #isAsking = false;

  constructor(fingerprint: string, split: string) {
    this.#fingerprint = fingerprint;
    this.#split = split;
  }

  /** Null if it is not there yet. */
  at(place: number): ListedPicture | null {
    return this.#found.get(place) ?? null;
  }

  want(places: readonly number[]): void {
    const isNew = (place: number): boolean => !this.#found.has(place);
    this.#wanted = [...new Set([...places, ...this.#wanted])].filter(isNew).slice(0, mostKept);
    void this.#fetch();
  }

  async #fetch(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    for (let place = this.#wanted.shift(); place !== undefined; place = this.#wanted.shift()) {
      const filter = { split: this.#split, class: null, objects: null, among: { kind: 'all' as const } };
      // A map without its pictures is still one: they are wished for again when they are looked at again.
      const range = await ask('pictures', this.#fingerprint, filter, place, 1).catch(() => null);
      const picture = range?.pictures[0];
      if (picture !== undefined) this.#found.set(place, picture);
      for (const oldest of this.#found.keys()) {
        if (this.#found.size <= mostKept) break;
        this.#found.delete(oldest);
      }
    }
    this.#isAsking = false;
  }
}
