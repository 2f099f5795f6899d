/**
 * The fraction of a core this machine gives to a process that uses it fully: on a shared host, far below 1. Run it next
 * to other benches to explain their figures.
 *
 *   npm run bench -- processor [seconds]
 */
import process from 'node:process';
import { measureProcessorShare } from '../trainer/jobs/processor-share.ts';

const seconds = Number(process.argv[2] ?? 5);
console.log(JSON.stringify({ processorShare: Number(measureProcessorShare(1000 * seconds).toFixed(3)) }));
