/** What is known of newer versions, and when it is asked: at the user's click, or once a day if they agreed to that. */
import { join } from 'node:path';
import * as v from 'valibot';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { readSealedJson, writeSealedJson } from '../../../trainer/durable/sealed-json.ts';
import type { UpdateState, Version } from '../../api/updates.ts';
import type { RequestHandler } from '../request-types.ts';
import { checkForUpdate, type Looking } from './check-for-update.ts';
import { compareVersions, hostOf } from './signed-version.ts';

const dayMs = 24 * 60 * 60 * 1000;
const limit = 1 << 20;

/** What was found last; made anew by the next check where it cannot be read. */
const Found = v.object({
  checkedAt: v.number(),
  newer: v.nullable(
    v.object({
      version: v.string(),
      date: v.string(),
      notes: v.object({ en: v.string(), zh: v.string() }),
      page: v.string(),
      files: v.array(v.object({ address: v.string(), sha256: v.string(), bytes: v.number() })),
    }),
  ),
});

export interface Updates {
  readonly state: RequestHandler<'updates'>;
  readonly check: RequestHandler<'checkForUpdates'>;
  /** At the start of the program, if the user agreed: a failure is noted in the log alone. */
  readonly checkDaily: () => Promise<void>;
}

export interface UpdatesOptions extends Looking {
  /** The workspace's folder of what can be made again. */
  readonly cache: string;
  readonly write: boolean;
  readonly isWanted: () => boolean;
  readonly complain: (line: string) => void;
  readonly now: () => number;
}

export function createUpdates(options: UpdatesOptions): Updates {
  const { source, version, write, complain, now } = options;
  const file = join(options.cache, 'update.json');
  const host = source === null ? null : hostOf(source);
  let last: v.InferOutput<typeof Found> | null = null;

  async function known(): Promise<v.InferOutput<typeof Found> | null> {
    last ??= v.parse(v.nullable(v.fallback(Found, { checkedAt: 0, newer: null })), await stored());
    return last;
  }
  const stored = (): Promise<unknown> => readSealedJson(file, limit).catch(() => null);

  /** A version that has been installed since is not newer any more. */
  const isNewer = (found: Version | null): boolean => found !== null && compareVersions(found.version, version) > 0;

  async function state(): Promise<UpdateState> {
    const found = host === null ? null : await known();
    if (found === null || found.checkedAt === 0) return { host, checkedAt: null, newer: null };
    return { host, checkedAt: found.checkedAt, newer: isNewer(found.newer) ? found.newer : null };
  }

  async function check(): Promise<UpdateState> {
    const newer = await checkForUpdate(options);
    last = { checkedAt: now(), newer: newer === null ? null : { ...newer, files: [...newer.files] } };
    if (write) await writeSealedJson(file, last);
    return state();
  }

  async function checkIfDue(): Promise<void> {
    if (host === null || !options.isWanted()) return;
    try {
      const { checkedAt } = await state();
      const age = checkedAt === null ? Infinity : now() - checkedAt;
      // A clock that was wrong must not put it off for years.
      if (age < 0 || age >= dayMs) await check();
    } catch (error) {
      complain(`updates: ${faultOf(error).message}`);
    }
  }

  let daily: Promise<void> = Promise.resolve();
  return {
    state: () => daily.then(state),
    check,
    checkDaily: () => (daily = checkIfDue()),
  };
}
