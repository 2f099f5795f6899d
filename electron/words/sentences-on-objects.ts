/** Chinese of the sentences on annotated objects and the files that annotate them, by their English templates. */
export const sentencesOnObjects: Readonly<Record<string, string>> = {
  // What is wrong with objects, and what becomes of them.
  '{1}: {2}.': '{1}：{2}。',
  '{1}: {2}. For example {3}.': '{1}：{2}。例如 {3}。',
  'all boxes lie between 0 and 1: they are parts of the width and height, where pixels are needed. Multiply them, or export them in pixels; nothing can be learned from them as they are':
    '所有边界框都在 0 到 1 之间：是相对宽高的比例，而这里需要像素。请换算成像素，或以像素为单位重新导出；按现状无法用于训练',
  'the boxes look as if they were written in the other order: left, top, right, bottom where left, top, width, height are needed, or the reverse. Nothing was changed: look at the boxes, and export them anew':
    '边界框的写法似乎与格式不符：应为左、上、宽、高，却写成左、上、右、下，或者相反。未作任何改动：请查看边界框并重新导出',
  '1 picture has no file of annotations': '1 张图像没有标注文件',
  '{1} pictures have no file of annotations': '{1} 张图像没有标注文件',
  'the annotations of 1 picture cannot be read': '1 张图像的标注无法读取',
  'the annotations of {1} pictures cannot be read': '{1} 张图像的标注无法读取',
  '1 object is in a picture that is not listed: left out': '1 个目标所在的图像未列出：已排除',
  '{1} objects are in pictures that are not listed: left out': '{1} 个目标所在的图像未列出：已排除',
  '1 object is of a class that is not listed: left out': '1 个目标的类别未列出：已排除',
  '{1} objects are of classes that are not listed: left out': '{1} 个目标的类别未列出：已排除',
  '1 picture has the id of an earlier one: left out': '1 张图像与之前的图像编号相同：已排除',
  '{1} pictures have the id of an earlier one: left out': '{1} 张图像与之前的图像编号相同：已排除',
  '1 box is missing or no four numbers: left out': '1 个边界框缺失或不是四个数值：已排除',
  '{1} boxes are missing or no four numbers: left out': '{1} 个边界框缺失或不是四个数值：已排除',
  '1 box ends before the beginning: left out': '1 个边界框的终点在起点之前：已排除',
  '{1} boxes end before the beginning: left out': '{1} 个边界框的终点在起点之前：已排除',
  '1 box has no area: left out': '1 个边界框面积为零：已排除',
  '{1} boxes have no area: left out': '{1} 个边界框面积为零：已排除',
  '1 box lies outside the picture: left out': '1 个边界框在图像之外：已排除',
  '{1} boxes lie outside the picture: left out': '{1} 个边界框在图像之外：已排除',
  '1 box goes beyond the picture by more than a pixel: cut at its edge':
    '1 个边界框超出图像一个像素以上：已裁剪到图像边缘',
  '{1} boxes go beyond the picture by more than a pixel: cut at its edge':
    '{1} 个边界框超出图像一个像素以上：已裁剪到图像边缘',
  '1 box is narrower or lower than a pixel: used as it is': '1 个边界框的宽或高不足一个像素：原样使用',
  '{1} boxes are narrower or lower than a pixel: used as they are': '{1} 个边界框的宽或高不足一个像素：原样使用',
  '1 picture shows more than 100 objects: all are learned from, and an evaluation takes 100 detections a picture':
    '1 张图像含有超过 100 个目标：训练时全部使用，评估时每张图像最多取 100 个检测结果',
  '{1} pictures show more than 100 objects: all are learned from, and an evaluation takes 100 detections a picture':
    '{1} 张图像含有超过 100 个目标：训练时全部使用，评估时每张图像最多取 100 个检测结果',
  '1 polygon has an x without a y: left out of the mask': '1 个多边形的坐标不成对：未计入掩码',
  '{1} polygons have an x without a y: left out of the mask': '{1} 个多边形的坐标不成对：未计入掩码',
  '1 polygon has fewer than three points: left out of the mask': '1 个多边形不足三个点：未计入掩码',
  '{1} polygons have fewer than three points: left out of the mask': '{1} 个多边形不足三个点：未计入掩码',
  '1 polygon has a point that is no number, or far away: left out of the mask':
    '1 个多边形有坐标不是数值或过于遥远：未计入掩码',
  '{1} polygons have a point that is no number, or far away: left out of the mask':
    '{1} 个多边形有坐标不是数值或过于遥远：未计入掩码',
  'the run lengths of 1 mask do not fit its size: left out, the box stays':
    '1 个掩码的游程编码与其尺寸不符：掩码已排除，边界框保留',
  'the run lengths of {1} masks do not fit their sizes: left out, the boxes stay':
    '{1} 个掩码的游程编码与其尺寸不符：掩码已排除，边界框保留',
  '1 object is wholly behind another: left out': '1 个目标被其他目标完全遮挡：已排除',
  '{1} objects are wholly behind another: left out': '{1} 个目标被其他目标完全遮挡：已排除',
  '1 object states an area that is not that of the mask: the stated one counts, as in the official evaluation':
    '1 个目标标注的面积与掩码面积不符：以标注的面积为准，与官方评估一致',
  '{1} objects state an area that is not that of the mask: the stated one counts, as in the official evaluation':
    '{1} 个目标标注的面积与掩码面积不符：以标注的面积为准，与官方评估一致',
  'the stated size of 1 picture is not that of the file: boxes may lie elsewhere. Export the annotations anew from these files':
    '1 张图像标注的尺寸与文件不符：边界框的位置可能有偏差。请用这些文件重新导出标注',
  'the stated size of {1} pictures is not that of the file: boxes may lie elsewhere. Export the annotations anew from these files':
    '{1} 张图像标注的尺寸与文件不符：边界框的位置可能有偏差。请用这些文件重新导出标注',

  // Files of annotations in COCO's form.
  'Two categories are called "{1}": they are one class.': '有两个类别均名为“{1}”：视为同一类别。',
  "not in COCO's annotation format, which has the lists {1}; missing: {2}":
    '不是 COCO 标注格式，该格式含有列表 {1}；缺少：{2}',
  'it lists an image without an id or a file name': '其中有图像没有编号或文件名',
  'it lists a category without an id or a name': '其中有类别没有编号或名称',
  'run lengths that are not written as COCO writes them': '游程编码不是 COCO 的写法',
  'not JSON at "{1}"': '“{1}”处不是 JSON',
  'no JSON document: it does not begin with {, or goes on after its end':
    '不是 JSON 文档：不以 { 开头，或在结尾之后还有内容',
  '"{1}" is no list in it': '其中的“{1}”不是列表',
  'an entry of more than {1} bytes: it is no file of annotations': '有一项超过 {1} 字节：不是标注文件',
  'it ends in the middle of its JSON document: it was not copied or downloaded whole':
    'JSON 文档中途结束：复制或下载不完整',

  // Files of annotations in PASCAL VOC's form.
  'no XML: it has "{1}"': '不是 XML：含有“{1}”',
  'it ends inside <{1}>: it was not copied or downloaded whole': '在 <{1}> 内结束：复制或下载不完整',
  'it declares a document type, which annotations do not need: it is not read':
    '声明了文档类型，而标注不需要：不予读取',
  'no XML: </{1}> closes nothing': '不是 XML：</{1}> 没有对应的开始标签',
  'no XML: </{1}> closes <{2}>': '不是 XML：</{1}> 与 <{2}> 不匹配',
  'more than {1} elements, or {2} inside each other: no annotations': '元素超过 {1} 个，或嵌套超过 {2} 层：不是标注',
  'no XML: it has no root element, or several': '不是 XML：没有根元素，或有多个',
  'the file is empty': '文件为空',
  'its root is <{1}>, not <annotation>': '根元素是 <{1}>，不是 <annotation>',
};
