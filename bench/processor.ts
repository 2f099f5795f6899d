/**
 * How much of a processor this machine gives to whoever asks for all of one: on a shared host, far from all. Run it
 * beside any other bench, whose figures it explains.
 *
 *   npm run bench -- processor [seconds]
 */
import process from 'node:process';
import { measureProcessorShare } from '../trainer/jobs/processor-share.ts';

const seconds = Number(process.argv[2] ?? 5);
console.log(JSON.stringify({ processorShare: Number(measureProcessorShare(1000 * seconds).toFixed(3)) }));
