/** How much of an installation is left, and how fast it goes: downloads and unpacking take unlike times a byte. */

type Kind = 'downloading' | 'unpacking';
/** Checking counts for nothing: it passes before or after the work itself. */
export type Stage = Kind | 'checking';

/** The rate that a person is told is of so long. */
const recentMs = 5_000;

export class WorkLeft {
  readonly #left: Record<Kind, number>;
  readonly #total: number;
  readonly #clock: () => number;
  readonly #passed: Record<Kind, { bytes: number; milliseconds: number }> = {
    downloading: { bytes: 0, milliseconds: 0 },
    unpacking: { bytes: 0, milliseconds: 0 },
  };
  #recent: { readonly at: number; readonly bytes: number }[] = [];
  #stage: Stage = 'checking';
  #at: number;

  /** @param clock milliseconds, monotonic */
  constructor(left: Readonly<Record<Kind, number>>, clock: () => number) {
    this.#left = { ...left };
    this.#total = left.downloading + left.unpacking;
    this.#clock = clock;
    this.#at = clock();
  }

  begin(stage: Stage): void {
    this.#stage = stage;
    this.#at = this.#clock();
    this.#recent = [];
  }

  /** Bytes that an earlier try did. */
  skip(kind: Kind, bytes: number): void {
    this.#left[kind] -= bytes;
  }

  /** Bytes since the last call; fewer than none where some have to be done again. */
  add(bytes: number): void {
    if (this.#stage === 'checking') return;
    const now = this.#clock();
    const passed = this.#passed[this.#stage];
    passed.bytes += bytes;
    passed.milliseconds += now - this.#at;
    this.#left[this.#stage] -= bytes;
    this.#at = now;
    this.#recent.push({ at: now, bytes });
    const first = this.#recent.findIndex(({ at }) => now - at <= recentMs);
    this.#recent.splice(0, first);
  }

  get fraction(): number {
    return 1 - (this.#left.downloading + this.#left.unpacking) / this.#total;
  }

  /** Null before anything has come. */
  get secondsLeft(): number | null {
    const download = this.#secondsOf('downloading');
    // Unpacking is short beside a download, and not known before the first wheel.
    return download === null ? null : download + (this.#secondsOf('unpacking') ?? 0);
  }

  #secondsOf(kind: Kind): number | null {
    const { bytes, milliseconds } = this.#passed[kind];
    if (this.#left[kind] <= 0) return 0;
    return bytes <= 0 ? null : (this.#left[kind] / bytes) * (milliseconds / 1000);
  }

  /** Bytes a second of the download that goes on; null outside of one. */
  get rate(): number | null {
    const [first] = this.#recent;
    const seconds = first === undefined ? 0 : (this.#at - first.at) / 1000;
    if (this.#stage !== 'downloading' || seconds === 0) return null;
    return Math.max(0, this.#recent.slice(1).reduce((sum, { bytes }) => sum + bytes, 0) / seconds);
  }
}
