/** For tests: bundles programs as they are shipped. */
import { join } from 'node:path';
import { build } from 'vite';

const trainer = join(import.meta.dirname, '../..');
/** What the loader's side of a program finds beside it. */
const besideLoader = {
  'decode-worker': join(trainer, 'decode-worker.ts'),
  'examine-pictures': join(trainer, 'examine-pictures.ts'),
};

/** A folder inside node_modules, so that the programs find their packages. */
export const programFolder = (name: string): string => join(trainer, '../node_modules/.cache', name);

/** @param entries programs beside, or in the place of, those of the loader, by name */
export async function buildPrograms(folder: string, entries: Readonly<Record<string, string>>): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: true,
      target: 'node22',
      outDir: folder,
      emptyOutDir: true,
      rolldownOptions: {
        input: { ...besideLoader, ...entries },
        // Chunks lie beside the entries, which find one another by their addresses.
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunk-[name]-[hash].js' },
      },
    },
  });
}
