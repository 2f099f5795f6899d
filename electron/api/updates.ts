/** Versions of the program that its maker has signed, and what is known of them. */
import type { Language } from './settings.ts';

/** A file to be installed by hand. */
export interface VersionFile {
  readonly address: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface Version {
  /** Three numbers with points between them. */
  readonly version: string;
  /** Year, month and day of the release. */
  readonly date: string;
  readonly notes: Readonly<Record<Language, string>>;
  /** Page with everything about it. */
  readonly page: string;
  /** For this platform; empty if there is none. */
  readonly files: readonly VersionFile[];
}

export interface UpdateState {
  /** The host that is asked; null: this build names none, and nothing can be asked. */
  readonly host: string | null;
  /** Of the last check that succeeded; null: there was none. */
  readonly checkedAt: number | null;
  /** Null: none is newer than this one, as far as is known. */
  readonly newer: Version | null;
}
