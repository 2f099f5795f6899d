/** Chinese of the sentences on files of detections and on imported detectors, by their English templates. */
export const sentencesOnResults: Readonly<Record<string, string>> = {
  'entry {1}: {2}': '第 {1} 项：{2}',
  'line {1}: {2}': '第 {1} 行：{2}',
  'its mask is damaged ({1})': '掩码已损坏（{1}）',
  '{1} is {2}, not a list of numbers': '{1} 为 {2}，应为数值列表',
  '{1} is {2}, not {3} numbers': '{1} 为 {2}，应为 {3} 个数值',
  '"segmentation" is {1}, neither run lengths nor polygons': '"segmentation" 为 {1}，既不是游程编码也不是多边形',
  'the mask is of {1} x {2} pixels, the image of {3} x {4}': '掩码为 {1} x {2} 像素，图像为 {3} x {4} 像素',
  'it is {1}, not a detection': '内容为 {1}，不是检测结果',
  '"image_id" is {1}, neither a number nor a text': '"image_id" 为 {1}，既不是数值也不是文本',
  'image {1} is none of the {2} annotated images of this split': '图像 {1} 不在该划分的 {2} 张已标注图像之中',
  "category {1} is none of the data set's ({2}, …); ids of categories are those of the annotations, not positions in their list":
    '类别编号 {1} 不在该数据集的类别之中（{2}……）；类别编号须与标注文件中的编号一致，而不是在列表中的位置',
  '"score" is {1}, not a number': '"score" 为 {1}，不是数值',
  'it has neither "bbox" nor "segmentation"': '既没有 "bbox" 也没有 "segmentation"',
  '{1}. COCO\'s results are a list of detections, [{"image_id", "category_id", "bbox", "score"}, …]; a file that begins with { holds annotations':
    '{1}。COCO 的结果文件是检测结果的列表：[{"image_id", "category_id", "bbox", "score"}, ……]；以 { 开头的文件是标注文件',
  'it has {1} words, not an image, a score and four edges: "{2}"':
    '该行有 {1} 个字段，应为图像编号、分数和四条边的坐标："{2}"',
  '"{1}" is not a number': '"{1}" 不是数值',
  'there is no file of results like {1} in this folder': '该文件夹中没有 {1} 这样的结果文件',
  'there are several sets of results in this folder ({1}); put one into a folder of its own':
    '该文件夹中有多组结果（{1}）；请将其中一组单独放入一个文件夹',
  'no detection of a class of the run': '不是该实验中某个类别的检测结果',
  'no list in JSON: it does not begin with [, or goes on after its end':
    '不是 JSON 列表：不以 [ 开头，或结尾之后还有内容',
  'no JSON document: a list ends with }': '不是 JSON 文档：有列表以 } 结尾',
  'no JSON document: one of its keys is damaged': '不是 JSON 文档：有键已损坏',
  // Imported detectors.
  'the detector is {1}, which is not built here; its encoder can be used':
    '检测器为 {1}，这里没有该检测器；其编码器可以使用',
  'the detector has a feature pyramid and no head for masks (roi_heads.mask_head); the detector on a pyramid that is built here finds masks too':
    '检测器使用特征金字塔但没有掩码头（roi_heads.mask_head）；这里的金字塔检测器同时预测掩码',
  '{1} of the detector is not in the file': '文件中没有检测器的 {1}',
  '{1} of the detector has the shape {2}, where ours has {3}': '检测器的 {1} 形状为 {2}，应为 {3}',
  '{1} of the detector, of the shape {2}, has no counterpart in ours':
    '检测器的 {1}（形状 {2}）在这里的检测器中没有对应项',
  'only imported weights can have a detector, and this is another encoder: start from the encoder':
    '只有导入的权重可能带有检测器，而这是其他编码器：请从编码器开始',
  'the file of "{1}" has no detector like those here: start from the encoder':
    '“{1}”的文件中没有与这里相同的检测器：请从编码器开始',
  'the detector of "{1}" is of another kind than the one that is evaluated here':
    '“{1}”的检测器与此处评估的检测器种类不同',
  'the detector of "{1}" finds {2} classes, and the data has {3} ({4}, …): it can be measured on data with the same classes in the same order, or start from the encoder':
    '“{1}”的检测器有 {2} 个类别，而数据有 {3} 个（{4}……）：可在类别及其顺序相同的数据上评估，或从编码器开始',
  '{1} has the shape {2} by the options of this evaluation, and in the imported detector {3}':
    '按此次评估的选项，{1} 的形状应为 {2}，而导入的检测器中为 {3}',
};
