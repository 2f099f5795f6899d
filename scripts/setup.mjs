/**
 * Installs everything the project needs beyond the repository. Plain JavaScript on Node's own modules: it runs from a
 * bare checkout. Each step can be interrupted at any point, since unfinished files have another name until they are
 * complete and their hash is verified; with nothing to do it takes well under a second.
 */
import './node-version.mjs';
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { readJson, writeJson } from './files.mjs';
import { withLock } from './lock.mjs';
import { locations, runtimeFolder } from './runtime.mjs';
import { SetUpError, endAll } from './setup/command.mjs';
import { dependencies } from './setup/dependencies.mjs';
import { electron } from './setup/electron.mjs';
import { fashionMnist } from './setup/fashion-mnist.mjs';
import { createReporter } from './setup/progress.mjs';
import { system } from './setup/system.mjs';
import { tensorflow } from './setup/tensorflow.mjs';
import { turboJpeg } from './setup/turbojpeg.mjs';

/**
 * @typedef {object} Obtained
 * @property {string} what
 * @property {string} pin `sha256:` and the hash, or whose list of hashes fixes it: `package-lock.json`, `electron/checksums.json`,
 * or `apt`, which trusts what Debian's keys have signed
 */

/**
 * @typedef {object} Step
 * @property {string} id
 * @property {string} title
 * @property {number} bytes disk space it takes while it works, at most
 * @property {() => readonly Obtained[]} obtains all it may take from a network, on any platform
 * @property {() => boolean} isNeeded quick: asked at every start
 * @property {(report: import('./setup/progress.mjs').Report) => Promise<void>} run
 */

/** In the order they run: Electron's installer is one of the packages, and its libraries are found by asking Electron. */
export const allSteps = /** @type {const} */ ([dependencies, tensorflow, turboJpeg, electron, system, fashionMnist]);

/** @typedef {(typeof allSteps)[number]['id']} StepId */

/** How long a failed optional step is skipped. */
const restMs = 60 * 60 * 1000;

/**
 * The steps to do now.
 * @param {readonly Step[]} steps
 * @param {readonly string[]} optional
 * @param {(id: string) => { at: number, sentence: string } | undefined} lastFailure
 * @param {number} now
 */
export function plan(steps, optional, lastFailure, now) {
  /** @type {Step[]} */
  const pending = [];
  /** @type {string[]} */
  const sentences = [];
  for (const step of steps) {
    if (!step.isNeeded()) continue;
    const failure = optional.includes(step.id) ? lastFailure(step.id) : undefined;
    if (failure !== undefined && now - failure.at < restMs) sentences.push(failure.sentence);
    else pending.push(step);
  }
  return { pending, sentences };
}

/** @param {string} id */
const failurePath = (id) => join(locations.stamps, `${id}.failed.json`);

/** @param {Step} step */
function checkSpace(step) {
  const { bavail, bsize } = statfsSync(runtimeFolder);
  const free = bavail * bsize;
  if (free < step.bytes) {
    throw new SetUpError(
      `${step.title} needs ${(step.bytes / 1e9).toFixed(1)} GB in ${runtimeFolder}, and ${(free / 1e9).toFixed(1)} GB are free.`,
    );
  }
}

/**
 * @param {{ steps: readonly StepId[], optional?: readonly StepId[] }} wanted
 * @param {ReturnType<typeof createReporter>} reporter
 */
async function work({ steps, optional = [] }, reporter) {
  const chosen = allSteps.filter((step) => steps.includes(step.id));
  const decide = () => plan(chosen, optional, (id) => readJson(failurePath(id)), Date.now());
  const first = decide();
  first.sentences.forEach(reporter.line);
  if (first.pending.length === 0) return;

  mkdirSync(locations.downloads, { recursive: true });
  /** @param {number} pid */
  const waiting = (pid) => reporter.line(`Another set-up is running (process ${pid}); waiting for it.`);
  await withLock(join(runtimeFolder, 'setup.lock'), waiting, async () => {
    const { pending } = decide();
    for (const [index, step] of pending.entries()) {
      // An earlier step may have made it unnecessary: Electron's libraries are checked once Electron is installed.
      if (!step.isNeeded()) continue;
      const report = reporter.step(index + 1, pending.length, step.title);
      try {
        checkSpace(step);
        await step.run(report);
        rmSync(failurePath(step.id), { force: true });
        report.end('ready');
      } catch (error) {
        if (!(error instanceof SetUpError) || !optional.includes(/** @type {StepId} */ (step.id))) throw error;
        writeJson(failurePath(step.id), { at: Date.now(), sentence: error.message });
        report.say(error.message);
      }
    }
  });
}

/**
 * Runs the remaining ones of the named steps, or exits with one sentence. All output goes to stderr.
 * @param {{ steps: readonly StepId[], optional?: readonly StepId[] }} wanted an optional step that fails is only
 * mentioned
 */
export async function setUp(wanted) {
  const reporter = createReporter(process.stderr);
  let interrupted = false;
  const interrupt = () => {
    if (interrupted) return;
    interrupted = true;
    reporter.line('Set-up was interrupted. The same command goes on from here.');
    void endAll().then(() => process.exit(130));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    await work(wanted, reporter);
  } catch (error) {
    // The program failed because of the interruption, which will end this one too.
    if (interrupted) return new Promise(() => {});
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    const full = code === 'ENOSPC' ? `The disk is full; free some space for ${runtimeFolder} and try again.` : message;
    reporter.line(error instanceof SetUpError || code === 'ENOSPC' ? full : `Set-up failed: ${full}`);
    process.exit(1);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
