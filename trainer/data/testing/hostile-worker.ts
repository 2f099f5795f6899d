/** For tests: entry of a decoding worker with a hostile decoder. */
import { makeHostile } from './hostile-decoder.ts';

makeHostile();
await import('../../decode-worker.ts');
