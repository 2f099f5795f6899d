/** Chinese of the reasons why a disk refuses a write, by their English templates. */
export const sentencesOnDisks: Readonly<Record<string, string>> = {
  'the disk is full': '磁盘已满',
  'the disk quota is used up': '磁盘配额已用完',
  'the file would be larger than is allowed (ulimit -f, or the file system)':
    '文件将超过允许的大小（ulimit -f 或文件系统的上限）',
  'the disk reports an error': '磁盘报告错误',
  'the disk can only be read': '磁盘为只读',
  'there is no permission to write': '没有写入权限',
  'the folder is gone, or its disk is not connected': '文件夹已不存在，或所在磁盘没有连接',
  'the disk refuses it ({1})': '磁盘拒绝写入（{1}）',
  '{1} ({2} MiB free)': '{1}（剩余 {2} MiB）',
  '{1} ({2} MiB needed)': '{1}（需要 {2} MiB）',
  '{1} ({2} MiB needed, {3} MiB free)': '{1}（需要 {2} MiB，剩余 {3} MiB）',
};
