/** Commands from the parent, handled between steps. */
import type { Pauses } from './pauses.ts';
import type { LoopScope, Verdict } from './loop-scope.ts';
import type { SavedCheckpoints } from './saved-checkpoints.ts';
import { saveQuietMs, type Saver } from './saver.ts';

export class LoopCommands {
  readonly #scope: LoopScope;
  readonly #saver: Saver;
  readonly #pauses: Pauses;
  readonly #saved: SavedCheckpoints;
  /** True if asked to pause at the end of the epoch. */
  #pausesAtEpochEnd = false;

  constructor(scope: LoopScope, saver: Saver, pauses: Pauses, saved: SavedCheckpoints) {
    this.#scope = scope;
    this.#saver = saver;
    this.#pauses = pauses;
    this.#saved = saved;
  }

  /** Pauses at the end of an epoch if asked to, then obeys the commands received since the last step. */
  async obey(): Promise<Verdict> {
    const { task, state } = this.#scope;
    const isEpochOver = this.#pausesAtEpochEnd && state.done % task.stepsPerEpoch === 0;
    if (isEpochOver && (await this.#saveAndPause()) === 'stop') return 'stop';
    return this.obeyQueued();
  }

  /** Obeys the queued commands in order. */
  async obeyQueued(): Promise<Verdict> {
    const { port } = this.#scope.context;
    for (let ask = port.take(); ask; ask = port.take()) {
      if (ask.type === 'recorded') await this.#saved.recorded(ask.step);
      else if (ask.type === 'checkpointNow' && (await this.#saver.save('asked')) === 'stop') return 'stop';
      else if (ask.type === 'resume') this.#pausesAtEpochEnd = false;
      else if (ask.type === 'pause' && ask.when === 'epoch-end') this.#pausesAtEpochEnd = true;
      else if (ask.type === 'pause' && (await this.#saveAndPause()) === 'stop') return 'stop';
      else if (ask.type === 'stop' || ask.type === 'disconnect') {
        port.send({ type: 'phase', phase: 'stopping', quietForMs: saveQuietMs });
        await this.#saver.save(ask.type);
        return 'stop';
      }
    }
    return 'go';
  }

  async #saveAndPause(): Promise<Verdict> {
    this.#pausesAtEpochEnd = false;
    return (await this.#saver.save('asked')) === 'stop' ? 'stop' : this.#pauses.pause();
  }
}
