import type { FileKind } from '../../api/requests.ts';

/** What only a desktop can do; the terminal has its own answers. */
export interface Desktop {
  readonly pickFolder: () => Promise<string | null>;
  readonly pickFile: (kind: FileKind) => Promise<string | null>;
  /** Moves a file or folder where the system keeps deleted things. */
  readonly trash: (path: string) => Promise<void>;
  readonly openPath: (path: string) => Promise<void>;
  readonly showItem: (path: string) => Promise<void>;
  readonly openLink: (url: string) => Promise<void>;
  /** Prints a finished HTML file; where that cannot be had, the sentence that says why. */
  readonly htmlToPdf: ((html: string, pdf: string) => Promise<void>) | { readonly unavailable: string };
}
