/** Entry of a decoding worker thread: does one kind of work, for the loader that started it. */
import { viewWork } from './data/loading/view-renderer.ts';
import { serveWork } from './data/loading/serve-work.ts';
import { pictureWork } from './detection/pictures/picture-batches.ts';

await serveWork([viewWork, pictureWork]);
