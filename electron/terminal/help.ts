/** What `reprise --help` prints. Commands and exit codes are the terminal's contract, so they stand in one place. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  missing: 3,
  locked: 4,
  stopped: 5,
} as const;

export const help = `reprise COMMAND [options]

  doctor                                  what this machine can do, a line a check
  datasets                                data sets of the workspace
  datasets inspect PATH                   what a folder holds: kind, classes, unreadable files, leaks
                                          --contents checks every image also where there are many (hours)
  presets [LEFT RIGHT]                    the presets, or the values in which two differ
  run --preset NAME --dataset KIND:PATH   pretrain  [--method vicreg] [--set key=value]... [--seed N] [--title TEXT]
  resume RUN                              go on from the last safe point
  evaluate RUN|WEIGHTS --evaluator NAME   measure an encoder  [--dataset KIND:PATH] [--set option=value]...
                                          [--branch 2]: the second of two encoders, also below
  features RUN --dataset KIND:PATH --out FILE.npy   [--split NAME]
  export RUN --out FILE.safetensors|FILE.pth      its encoder, for other programs
  plan [NAME]                             the plans, or carry one through (again: goes on where it was)
                                          --seeds 3: its runs with so many seeds, as groups
  runs                                    the runs of the workspace
  compare [RUN...] [--plan NAME]          paper, earlier reproduction and ours, with intervals
                                          --baseline TITLE: what all others are held against, image by image
                                          --best: each head's best epoch, chosen on the test images, in place of its last
  report  [RUN...] [--plan NAME]          write it down  [--format html,pdf,markdown,latex,svg,csv,json,bundle]
  replay BUNDLE                           carry a report's runs through again, from its bundle.json, and set both beside
                                          each other
  import RUN_FOLDER|FILE                  take in a run from elsewhere, or weights (.pth, .safetensors)
  weights                                 weights that were taken in

  --dataset takes KIND:PATH (idx:/data/mnist), or a name: fashion-mnist, sample, or one of "datasets".
  RUN may be shortened as long as it is the only one that begins so.

  --home DIR     another workspace (default: REPRISE_HOME, else the user's data folder)
  --json         for machines: one JSON value on standard output
  --lang en|zh   language of tables and reports
  --version, --help

Progress goes to standard error. Ctrl-C stops safely: a checkpoint is saved first. A second one stops now.

Exit codes  0 done   1 a run failed, or a check of the doctor did   2 wrong usage
            3 something named or needed is not there   4 the workspace is in use   5 stopped before the end
`;
