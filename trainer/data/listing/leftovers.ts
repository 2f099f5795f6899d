/** What operating systems, file managers and tools leave in folders of pictures. It is never part of a data set. */

const folders: Readonly<Record<string, string>> = {
  '.ipynb_checkpoints': 'checkpoints of notebooks',
  __pycache__: 'caches of Python',
  '@eadir': 'thumbnails of a Synology NAS',
  '.@__thumb': 'thumbnails of a QNAP NAS',
  '@recycle': 'recycle bins',
  '#recycle': 'recycle bins',
  '@recently-snapshot': 'snapshots of a NAS',
  '#snapshot': 'snapshots of a NAS',
  '.snapshot': 'snapshots of a NAS',
  '.snapshots': 'snapshots of a NAS',
  '.zfs': 'snapshots of a NAS',
  __macosx: 'twins that macOS packs into archives',
  '.appledouble': 'twins that macOS writes',
  '.trashes': 'recycle bins',
  '.trash': 'recycle bins',
  '$recycle.bin': 'recycle bins',
  recycler: 'recycle bins',
  'system volume information': 'folders of Windows',
  'lost+found': 'what a check of the disk found',
  '.fseventsd': 'indexes of macOS',
  '.spotlight-v100': 'indexes of macOS',
  '.temporaryitems': 'indexes of macOS',
  '.documentrevisions-v100': 'indexes of macOS',
  '.git': 'version control',
  '.svn': 'version control',
  '.hg': 'version control',
  '.dvc': 'version control',
  '.stfolder': 'folders of Syncthing',
  '.stversions': 'folders of Syncthing',
  '.sync': 'folders of Resilio Sync',
  '.dropbox.cache': 'folders of Dropbox',
  '.tmp.drivedownload': 'folders of Google Drive',
  '.tmp.driveupload': 'folders of Google Drive',
  '.thumbnails': 'thumbnails of a file manager',
  '.thumb': 'thumbnails of a file manager',
  '.thumbs': 'thumbnails of a file manager',
  '.picasaoriginals': 'originals that Picasa keeps',
  '.comments': 'thumbnails of a file manager',
  '.xvpics': 'thumbnails of a file manager',
  '.idea': 'settings of an editor',
  '.vscode': 'settings of an editor',
  '.cache': 'caches',
};

const files: Readonly<Record<string, string>> = {
  '.ds_store': 'files of macOS',
  '.localized': 'files of macOS',
  'icon\r': 'files of macOS',
  'thumbs.db': 'files of Windows',
  'ehthumbs.db': 'files of Windows',
  'ehthumbs_vista.db': 'files of Windows',
  'desktop.ini': 'files of Windows',
  '.directory': 'files of KDE',
  '.nomedia': 'files of Android',
  '.picasa.ini': 'files of Picasa',
  'picasa.ini': 'files of Picasa',
  '.synologyworkingdirectory': 'files of a NAS',
};

/** What a name is left by, in words; null if it may be part of a data set. */
export function leftBy(name: string, isFolder: boolean): string | null {
  const known = (isFolder ? folders : files)[name.toLowerCase()];
  if (known !== undefined) return known;
  if (isFolder) return /^\.trash-\d+$/i.test(name) ? 'recycle bins' : null;
  if (name.startsWith('._')) return 'twins that macOS writes';
  return name.startsWith('.~lock.') || name.startsWith('~$') ? 'locks of office programs' : null;
}
