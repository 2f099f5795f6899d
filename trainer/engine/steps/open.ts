/** Opens the engine that a run asks for. */
import type { Execution } from '../../protocol/run.ts';
import { openEagerEngine } from './eager.ts';
import type { Engine } from '../engine.ts';
import { FaultError } from '../../durable/fault-error.ts';
import type { Together } from '../binding/server-def.ts';
import { openTracedEngine } from './traced.ts';

const engines = { eager: openEagerEngine, traced: openTracedEngine } as const;

/** @param together who computes each step; null: one device alone */
export function openEngine(execution: Execution, together: Together | null = null): Promise<Engine> {
  if (together !== null) checkTogether(execution);
  return engines[execution.engine](execution, together);
}

/** What only one device can do so far. */
function checkTogether({ engine, chunk, precision }: Execution): void {
  const refuse = (what: string): never => {
    throw new FaultError('bad-argument', `Several devices cannot train together ${what}.`);
  };
  if (engine !== 'traced') refuse('operation by operation: choose the traced engine');
  if (chunk !== null) refuse('in micro-batches: take more devices instead');
  if (precision !== 'float32') refuse(`in ${precision}: choose float32`);
}
