/** The same sweep restricted to AVX2 on any processor: oneDNN has separate kernels for it, and some were wrong. */
import process from 'node:process';
import { sweepOperations } from '../testing/operation-sweep.ts';

// Read by oneDNN when it is first used, in this process of its own.
process.env['ONEDNN_MAX_CPU_ISA'] = 'AVX2';
sweepOperations();
