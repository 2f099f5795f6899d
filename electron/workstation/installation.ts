/** Where this copy of the program has its parts: in a checkout that set-up has filled, or in a package that is read-only. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { UpdateSource } from './updates/signed-version.ts';

export interface Installation {
  /** Folder with out/, migrations/ and resources/. */
  readonly appRoot: string;
  /** Folder of TensorFlow, libjpeg-turbo and the data that came along. */
  readonly runtime: string;
  /** The Node that runs the trainer and the store. */
  readonly node: string;
  readonly version: string;
  /** '-dev' on an Electron that is not the one the program asks for. */
  readonly edition: string;
  /** The program with a window, and the words it is started with; it prints reports for the terminal, too. */
  readonly window: { readonly program: string; readonly words: readonly string[] };
  /** Where newer versions are announced, and by whose signature; null: this build has none. */
  readonly updates: UpdateSource | null;
}

/** A checkout's has no `packaged`; the window's program is named relative to the file. */
const PackageFile = v.object({
  version: v.string(),
  packaged: v.optional(v.strictObject({ edition: v.string(), window: v.string() })),
  updates: v.optional(v.strictObject({ address: v.string(), publicKey: v.string() })),
});

/** @param appRoot the folder of the program's package.json */
export async function installationIn(appRoot: string, env: NodeJS.ProcessEnv): Promise<Installation> {
  const file = await readFile(join(appRoot, 'package.json'), 'utf8');
  const { version, packaged, updates } = v.parse(PackageFile, JSON.parse(file));
  const runtime = env['REPRISE_RUNTIME'] ?? join(appRoot, '.runtime');
  return {
    appRoot,
    runtime,
    node: env['REPRISE_NODE'] ?? join(appRoot, 'node_modules', 'node', 'bin', 'node'),
    version,
    edition: packaged?.edition ?? (env['REPRISE_FALLBACK_ELECTRON'] === '1' ? '-dev' : ''),
    window: packaged
      ? { program: join(appRoot, packaged.window), words: [] }
      : { program: env['REPRISE_ELECTRON'] ?? join(runtime, 'electron', 'electron'), words: [appRoot] },
    updates: updates ?? null,
  };
}
