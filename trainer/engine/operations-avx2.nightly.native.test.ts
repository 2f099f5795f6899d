/** The same with AVX2 alone, whatever this processor has: oneDNN's kernels for it are others, and some were wrong. */
import process from 'node:process';
import { sweepOperations } from '../testing/operation-sweep.ts';

// Read by oneDNN when it is first used, in this process of its own.
process.env['ONEDNN_MAX_CPU_ISA'] = 'AVX2';
sweepOperations();
