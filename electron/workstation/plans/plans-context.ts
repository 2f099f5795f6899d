/** Dependencies shared by the files of this room. */
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Plan } from '../../../trainer/protocol/plan.ts';
import type { Datasets } from '../data/datasets.ts';
import type { DeviceChoice } from '../drafts/device-choice.ts';
import type { Estimates } from '../drafts/estimate.ts';
import type { Push } from '../request-types.ts';
import type { Queue } from '../runs/queue.ts';
import type { Runs } from '../runs/runs.ts';
import type { Store } from '../store/store.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import type { Weights } from '../weights/weights.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface PlansContext {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly shipped: readonly Plan[];
  readonly catalogue: Catalogue;
  readonly weights: Weights;
  readonly datasets: Datasets;
  readonly estimates: Estimates;
  readonly placement: DeviceChoice;
  readonly runs: Runs;
  readonly queue: Queue;
  readonly host: TrainerHost;
  readonly push: Push;
  readonly now: () => number;
}
