/**
 * Sets the fuses of a development Electron: `node scripts/fuses.mjs EXECUTABLE`. A packaged build sets its own, strict
 * ones.
 */
import process from 'node:process';
import { FuseV1Options, FuseVersion, flipFuses } from '@electron/fuses';

const executable = process.argv[2];
if (executable === undefined) throw new Error('Name the Electron executable.');
await flipFuses(executable, {
  version: FuseVersion.V1,
  strictlyRequireAllFuses: false,
  // Playwright drives Electron through the inspector.
  [FuseV1Options.EnableNodeCliInspectArguments]: true,
  // The fallback's own snapshot belongs to another application and is not unpacked.
  [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  // The loader lies in resources/app.
  [FuseV1Options.OnlyLoadAppFromAsar]: false,
});
