import type { FileKind } from '../../api/requests.ts';

/** Functions only a desktop has; the terminal provides its own. */
export interface Desktop {
  readonly pickFolder: () => Promise<string | null>;
  readonly pickFile: (kind: FileKind) => Promise<string | null>;
  /** Several at once; none if the dialog was cancelled. */
  readonly pickFiles: (kind: FileKind) => Promise<readonly string[]>;
  /** Moves a file or folder to the system's trash. */
  readonly trash: (path: string) => Promise<void>;
  readonly openPath: (path: string) => Promise<void>;
  readonly showItem: (path: string) => Promise<void>;
  /** @param ownHost one that this build trusts besides those of papers and data */
  readonly openLink: (url: string, ownHost: string | null) => Promise<void>;
  /** Whether the pages of the window run in Chromium's sandbox; in a terminal: whether they would. */
  readonly isSandboxed: boolean;
  /** Prints a finished HTML file; if not available, the sentence that explains why. */
  readonly htmlToPdf: ((html: string, pdf: string) => Promise<void>) | { readonly unavailable: string };
}
