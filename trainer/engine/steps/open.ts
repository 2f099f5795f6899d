/** Opens the engine that a run asks for. */
import type { Execution } from '../../protocol/run.ts';
import { openEagerEngine } from './eager.ts';
import type { Engine } from '../engine.ts';
import { openTracedEngine } from './traced.ts';

const engines = { eager: openEagerEngine, traced: openTracedEngine } as const;

export function openEngine(execution: Execution): Promise<Engine> {
  return engines[execution.engine](execution);
}
