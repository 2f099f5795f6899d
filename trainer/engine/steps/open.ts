/** Opens the engine that a run asks for. */
import type { Execution } from '../../protocol/run.ts';
import { openEagerEngine } from './eager.ts';
import type { Engine } from '../engine.ts';
import { FaultError } from '../../durable/fault-error.ts';
import type { Peers } from '../binding/server-def.ts';
import { openTracedEngine } from './traced.ts';

const engines = { eager: openEagerEngine, traced: openTracedEngine } as const;

/** @param peers the processes that compute each step together; null: this one alone */
export function openEngine(execution: Execution, peers: Peers | null = null): Promise<Engine> {
  if (peers !== null) checkTogether(execution);
  return engines[execution.engine](execution, peers);
}

/** What only one process can do so far. */
function checkTogether({ engine, chunk, precision }: Execution): void {
  const refuse = (what: string): never => {
    throw new FaultError('bad-argument', `Several processes cannot train together ${what}.`);
  };
  if (engine !== 'traced') refuse('operation by operation: choose the traced engine');
  if (chunk !== null) refuse('in micro-batches: take more processes instead');
  if (precision !== 'float32') refuse(`in ${precision}: choose float32`);
}
