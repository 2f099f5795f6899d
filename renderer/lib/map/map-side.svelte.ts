/** One map of the page: an encoder, the moment of its training that is shown, and its points. */
import type { Evaluated } from '../../../electron/api/drafts.ts';
import type { EmbeddingMap, MapMoment, WantedMap } from '../../../electron/api/maps.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import { ask, faultOf } from '../client.ts';
import { aligned } from './geometry.ts';

export type Projection = 'principal' | 'layout';

/** What all maps of the page show, and how. */
export interface MapChoice extends Pick<WantedMap, 'fingerprint' | 'split' | 'points'> {
  readonly projection: Projection;
}

/** Points as they are shown. */
export interface ShownMap extends EmbeddingMap {
  /** [points, 2] */
  readonly positions: Float32Array;
}

export class MapSide {
  readonly of: Evaluated;
  /** Of a run, the first one first; null until they are known, and of imported weights. */
  moments = $state.raw<readonly MapMoment[] | null>(null);
  /** Step of the moment that is chosen; null of imported weights. */
  step = $state<number | null>(null);
  /** Null where the chosen moment is not read, or has no map yet. */
  shown = $state.raw<ShownMap | null>(null);
  fault = $state.raw<Fault | null>(null);
  isBusy = $state(false);
  /** Maps that were read, by step and projection. */
  #kept = new Map<string, ShownMap>();
  /** What the next map is laid on, so that points keep their places. */
  #last: { readonly projection: Projection; readonly positions: Float32Array } | null = null;
  #turn = 0;

  constructor(of: Evaluated) {
    this.of = of;
  }

  readonly moment = $derived(this.moments?.find(({ step }) => step === this.step) ?? null);

  /**
   * Other images: asks for the moments again, and shows the chosen one or the newest if it has its map.
   *
   * @param isMade makes that map if there is none
   */
  async open(choice: MapChoice, isMade: boolean): Promise<void> {
    this.#kept = new Map();
    this.#last = null;
    this.shown = null;
    const { of } = this;
    if (of.kind === 'weights') {
      if (isMade) await this.show(choice);
      return;
    }
    const { fingerprint, split, points } = choice;
    const moments = await this.#attempt(() => ask('mapMoments', of.run, fingerprint, split, points));
    if (moments === null) return;
    this.moments = moments;
    const isKnown = moments.some(({ step }) => step === this.step);
    await this.choose((isKnown ? this.step : moments.at(-1)?.step) ?? null, choice);
    if (isMade && this.moment?.isMade === false) await this.show(choice);
  }

  /** Shows a moment if it has its map. */
  async choose(step: number | null, choice: MapChoice): Promise<void> {
    this.step = step;
    if (this.moment?.isMade === true) {
      await this.show(choice);
      return;
    }
    // An answer that is on its way is of another moment.
    this.#turn += 1;
    this.isBusy = false;
    this.fault = null;
    this.shown = null;
  }

  /** Shows the chosen moment; its map is made if there is none. */
  async show(choice: MapChoice): Promise<void> {
    const map = await this.#attempt(() => this.#read(choice, this.step));
    if (map === null) return;
    const { projection } = choice;
    const onto = this.#last?.projection === projection ? this.#last.positions : null;
    const positions = onto === null ? map.positions : aligned(map.positions, onto);
    this.#last = { projection, positions };
    this.shown = { ...map, positions };
  }

  /** Makes the maps of all moments, one after the other, until one fails or is cancelled. */
  async makeAll(choice: MapChoice): Promise<void> {
    const made = await this.#attempt(async () => {
      for (const { step } of this.moments ?? []) await this.#read(choice, step);
      return true;
    });
    if (made !== null) await this.show(choice);
  }

  /** The answer, or null if it failed or another question came meanwhile. */
  async #attempt<T>(work: () => Promise<T>): Promise<T | null> {
    const turn = ++this.#turn;
    this.isBusy = true;
    this.fault = null;
    try {
      const answer = await work();
      return turn === this.#turn ? answer : null;
    } catch (error) {
      const fault = faultOf(error);
      // A cancellation needs no message.
      if (turn === this.#turn && fault.code !== 'cancelled') this.fault = fault;
      return null;
    } finally {
      if (turn === this.#turn) this.isBusy = false;
    }
  }

  async #read({ projection, ...images }: MapChoice, step: number | null): Promise<ShownMap> {
    const key = `${String(step)} ${projection}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const kept = this.#kept;
    const { of } = this;
    const wanted: WantedMap = {
      ...images,
      of: of.kind === 'run' ? { kind: 'run', run: of.run, step: step ?? 0 } : { kind: 'weights', weights: of.weights },
    };
    const map = await ask('embeddingMap', wanted);
    this.moments = this.moments?.map((one) => (one.step === step ? { ...one, isMade: true } : one)) ?? null;
    const positions = projection === 'principal' ? map.arrays.principal : await ask('mapLayout', wanted);
    const shown = { ...map, positions };
    kept.set(key, shown);
    return shown;
  }
}
