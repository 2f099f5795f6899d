/** Every operation against its definition, with the instructions of this processor. */
import { sweepOperations } from '../testing/operation-sweep.ts';

sweepOperations();
