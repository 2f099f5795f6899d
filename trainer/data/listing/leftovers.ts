/** What operating systems, file managers and tools leave in folders of pictures. It is never part of a data set. */
import { said, type Sentence } from '../../protocol/sentence.ts';

const notebookCheckpoints = said`checkpoints of notebooks`;
const pythonCaches = said`caches of Python`;
const synologyThumbnails = said`thumbnails of a Synology NAS`;
const qnapThumbnails = said`thumbnails of a QNAP NAS`;
const bins = said`recycle bins`;
const snapshots = said`snapshots of a NAS`;
const packedTwins = said`twins that macOS packs into archives`;
const twins = said`twins that macOS writes`;
const windowsFolders = said`folders of Windows`;
const diskCheck = said`what a check of the disk found`;
const macIndexes = said`indexes of macOS`;
const versionControl = said`version control`;
const syncthing = said`folders of Syncthing`;
const resilio = said`folders of Resilio Sync`;
const dropbox = said`folders of Dropbox`;
const drive = said`folders of Google Drive`;
const thumbnails = said`thumbnails of a file manager`;
const picasaOriginals = said`originals that Picasa keeps`;
const editor = said`settings of an editor`;
const caches = said`caches`;
const macFiles = said`files of macOS`;
const windowsFiles = said`files of Windows`;
const kde = said`files of KDE`;
const android = said`files of Android`;
const picasa = said`files of Picasa`;
const nasFiles = said`files of a NAS`;
const locks = said`locks of office programs`;

const folders: Readonly<Record<string, Sentence>> = {
  '.ipynb_checkpoints': notebookCheckpoints,
  __pycache__: pythonCaches,
  '@eadir': synologyThumbnails,
  '.@__thumb': qnapThumbnails,
  '@recycle': bins,
  '#recycle': bins,
  '@recently-snapshot': snapshots,
  '#snapshot': snapshots,
  '.snapshot': snapshots,
  '.snapshots': snapshots,
  '.zfs': snapshots,
  __macosx: packedTwins,
  '.appledouble': twins,
  '.trashes': bins,
  '.trash': bins,
  '$recycle.bin': bins,
  recycler: bins,
  'system volume information': windowsFolders,
  'lost+found': diskCheck,
  '.fseventsd': macIndexes,
  '.spotlight-v100': macIndexes,
  '.temporaryitems': macIndexes,
  '.documentrevisions-v100': macIndexes,
  '.git': versionControl,
  '.svn': versionControl,
  '.hg': versionControl,
  '.dvc': versionControl,
  '.stfolder': syncthing,
  '.stversions': syncthing,
  '.sync': resilio,
  '.dropbox.cache': dropbox,
  '.tmp.drivedownload': drive,
  '.tmp.driveupload': drive,
  '.thumbnails': thumbnails,
  '.thumb': thumbnails,
  '.thumbs': thumbnails,
  '.picasaoriginals': picasaOriginals,
  '.comments': thumbnails,
  '.xvpics': thumbnails,
  '.idea': editor,
  '.vscode': editor,
  '.cache': caches,
};

const files: Readonly<Record<string, Sentence>> = {
  '.ds_store': macFiles,
  '.localized': macFiles,
  'icon\r': macFiles,
  'thumbs.db': windowsFiles,
  'ehthumbs.db': windowsFiles,
  'ehthumbs_vista.db': windowsFiles,
  'desktop.ini': windowsFiles,
  '.directory': kde,
  '.nomedia': android,
  '.picasa.ini': picasa,
  'picasa.ini': picasa,
  '.synologyworkingdirectory': nasFiles,
};

/** What a name is left by, in words; null if it may be part of a data set. */
export function leftBy(name: string, isFolder: boolean): Sentence | null {
  const known = (isFolder ? folders : files)[name.toLowerCase()];
  if (known !== undefined) return known;
  if (isFolder) return /^\.trash-\d+$/i.test(name) ? bins : null;
  if (name.startsWith('._')) return twins;
  return name.startsWith('.~lock.') || name.startsWith('~$') ? locks : null;
}
