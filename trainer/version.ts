/** The version that a checkpoint and a hello name. */
export { version } from '../package.json';
