/**
 * Removes what must not reach a plain Node child: flags for this process, preloaded libraries, and Electron's own
 * variables.
 */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => name !== 'NODE_OPTIONS' && name !== 'LD_PRELOAD' && !name.startsWith('ELECTRON_'),
    ),
  );
}
