/** For tests: entry of an examining process with a hostile decoder. */
import { makeHostile } from './hostile-decoder.ts';

makeHostile();
await import('../../examine-pictures.ts');
