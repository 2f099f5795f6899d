/** Chinese of the sentences on curves of other programs, by their English templates. */
export const sentencesOnCurves: Readonly<Record<string, string>> = {
  'of long curves every {1}th point or more is kept (curves: {2})':
    '较长的曲线每 {1} 个点（或更少）保留一个（{2} 条曲线）',
  'the recording began again at an earlier step; points of before, left out: {1}':
    '记录曾从更早的步重新开始：此前的 {1} 个点未采用',
  'more than {1} curves; those after them are left out: {2}': '曲线超过 {1} 条，其后的未采用：{2}',
  'no column of the table is a step or an epoch ({1}); its columns are {2}':
    '表格中没有表示步数或轮数的列（{1}）；现有的列为 {2}',
  'its first line is too long for the head of a table': '第一行过长，不是表头',
  'it is empty': '文件为空',
  'left out, as they are no figures of their own: {1}': '不是独立的指标，未采用：{1}',
  'left out, as they hold no number: {1}': '不含数值，未采用：{1}',
  '{1}: cells that are no numbers: {2} (the first in line {3})': '{1}：{2} 个单元格不是数值，首个在第 {3} 行',
  'rows without a step or an epoch, left out: {1}': '{1} 行没有步数或轮数，未采用',
  'no line of it is an object of JSON': '没有任何一行是 JSON 对象',
  'lines that are no JSON, left out: {1} (the first is line {2})': '{1} 行不是 JSON，未采用，首个为第 {2} 行',
  'its lines name no step and no epoch ({1}); they have {2}': '各行中没有步数或轮数（{1}）；现有的字段为 {2}',
  'records that differ from their checksums, left out: {1}': '{1} 条记录与其校验和不符，未采用',
  'records that are no events, left out: {1}': '{1} 条记录不是事件，未采用',
  'records longer than those of curves, passed over: {1}': '{1} 条记录长于曲线的记录，已略过',
  'pictures, histograms and texts are left out: {1}': '图像、直方图和文本未采用：{1}',
  'the last record of {1} was cut short, as its writer ended, and is left out':
    '{1} 的最后一条记录不完整（写入程序中途结束），未采用',
  'what follows byte {1} of {2} is no record; it is left out': '{2} 第 {1} 字节之后的内容不是记录，未采用',
  'lines that are no events, left out: {1}': '{1} 行不是事件，未采用',
  'the last line of its events was cut short and is left out': '事件文件的最后一行不完整，未采用',
  'it holds no curves: there is no number with a step or an epoch': '文件中没有曲线：没有任何带步数或轮数的数值',
  'line {1} is longer than a row of a table': '第 {1} 行过长，不是表格的一行',
  'it is no plain file, but a pipe, a socket or a device': '不是普通文件，而是管道、套接字或设备',
  'it is larger than {1} GiB': '文件大于 {1} GiB',
  'it does not begin with a record of TensorBoard': '开头不是 TensorBoard 的记录',
  "it is neither text nor TensorBoard's: expected are event files, tables (CSV), lines of JSON or a run folder":
    '既不是文本也不是 TensorBoard 文件：可导入事件文件、表格（CSV）、逐行 JSON 或实验文件夹',
  'its event files are larger than {1} GiB together': '事件文件合计大于 {1} GiB',
  'it holds more than {1} event files: choose the folder of one run': '事件文件超过 {1} 个：请选择单次实验的文件夹',
};
