/** What the program is made of, and under which licences. */

export interface Licence {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly licence: string;
  /** An address. */
  readonly from: string;
  /** What was compiled into it. */
  readonly contains: readonly { readonly name: string; readonly version: string; readonly licence: string }[];
  /** Its text is a page of its own, which the browser shows. */
  readonly isPage: boolean;
}
