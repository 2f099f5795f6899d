/** Chinese of the layouts that are expected of a folder, by their English templates. */
export const sentencesOnLayouts: Readonly<Record<string, string>> = {
  'a folder for each split, in it a folder for each class: train/cat/1.jpg, val/cat/2.jpg':
    '每个划分一个文件夹，其中每个类别一个文件夹：train/cat/1.jpg、val/cat/2.jpg',
  'a folder for each class: cat/1.jpg, dog/2.jpg; a tenth becomes val':
    '每个类别一个文件夹：cat/1.jpg、dog/2.jpg；取十分之一作为 val',
  'pictures without classes, in one folder or in folders by date: for pretraining only':
    '没有类别的图像，位于一个文件夹或按日期分的文件夹中：仅用于预训练',
  'train/CLASS/*.jpg and val/CLASS/*.jpg (or test), as ImageNet is laid out':
    'train/CLASS/*.jpg 和 val/CLASS/*.jpg（或 test），与 ImageNet 的布局相同',
  'or CLASS/*.jpg, split by a hash; or pictures without class folders, for pretraining':
    '或 CLASS/*.jpg，按哈希划分；或没有类别文件夹的图像，用于预训练',
  'JPEG, PNG, WebP, GIF, BMP, TIFF or Netpbm': 'JPEG、PNG、WebP、GIF、BMP、TIFF 或 Netpbm',
  'train/CLASS/*.jpg, val/CLASS/*.jpg and {1}, as written by this program':
    '由本程序写出的 train/CLASS/*.jpg、val/CLASS/*.jpg 和 {1}',
  'train/n########/*.JPEG and val/n########/*.JPEG (ImageNet-1k, ImageNet-100, Imagenette, Tiny-ImageNet)':
    'train/n########/*.JPEG 和 val/n########/*.JPEG（ImageNet-1k、ImageNet-100、Imagenette、Tiny-ImageNet）',
  'or val/ILSVRC2012_val_########.JPEG with {1}': '或 val/ILSVRC2012_val_########.JPEG，并附 {1}',
  'or ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar (not unpacked), with such a list':
    '或 ILSVRC2012_img_train.tar 和 ILSVRC2012_img_val.tar（不解包），并附上述列表之一',
  'CIFAR-10, binary version: data_batch_1.bin … data_batch_5.bin, test_batch.bin, batches.meta.txt':
    'CIFAR-10 二进制版：data_batch_1.bin … data_batch_5.bin、test_batch.bin、batches.meta.txt',
  'or Python version: data_batch_1 … data_batch_5, test_batch, batches.meta':
    '或 Python 版：data_batch_1 … data_batch_5、test_batch、batches.meta',
  'or CIFAR-100: train.bin, test.bin, fine_label_names.txt; Python version: train, test, meta':
    '或 CIFAR-100：train.bin、test.bin、fine_label_names.txt；Python 版：train、test、meta',
  'or the archive of one of them, such as cifar-10-python.tar.gz': '或其中之一的归档文件，例如 cifar-10-python.tar.gz',
  'train-images-idx3-ubyte and train-labels-idx1-ubyte, and the same for t10k (or test)':
    'train-images-idx3-ubyte 和 train-labels-idx1-ubyte，以及 t10k（或 test）的同名文件',
  'each plain or with .gz; EMNIST names such as emnist-balanced-train-images-idx3-ubyte too, and QMNIST':
    '均可未压缩或为 .gz；也可用 EMNIST 的名称，如 emnist-balanced-train-images-idx3-ubyte，以及 QMNIST 的名称',
  'train2018.json and val2018.json': 'train2018.json 和 val2018.json',
  'the images they list: train_val2018/SUPERCATEGORY/CATEGORY/*.jpg':
    '其中列出的图像：train_val2018/SUPERCATEGORY/CATEGORY/*.jpg',
  '*.parquet, here or in data/, with train, validation or test in their names or folders':
    '*.parquet，位于此处或 data/ 中，文件名或文件夹名含 train、validation 或 test',
  'a column of picture files (image.bytes, image, img, jpg, png) and one of class numbers (label, labels, fine_label)':
    '一列图像文件（image.bytes、image、img、jpg、png）和一列类别编号（label、labels、fine_label）',
  'trainvalsplit_places205/train_places205.csv and val_places205.csv (or txt), a path and a label per line':
    'trainvalsplit_places205/train_places205.csv 和 val_places205.csv（或 txt），每行一个路径和一个标签',
  'the images they list, from images256/ or from the folder itself': '其中列出的图像，位于 images256/ 或该文件夹本身',
  'trainvalsplit_places205/categoryIndex_places205.csv, for the names of the classes':
    'trainvalsplit_places205/categoryIndex_places205.csv，用于类别名称',
  'train_X.bin with train_y.bin, test_X.bin with test_y.bin (STL-10, binary version)':
    'train_X.bin 与 train_y.bin，test_X.bin 与 test_y.bin（STL-10 二进制版）',
  'unlabeled_X.bin, for pretraining': 'unlabeled_X.bin，用于预训练',
  'class_names.txt': 'class_names.txt',
  'train_32x32.mat and test_32x32.mat (SVHN, format 2), optionally extra_32x32.mat':
    'train_32x32.mat 和 test_32x32.mat（SVHN 格式 2），可另有 extra_32x32.mat',
  'VOC2007 or VOC2012 (inside VOCdevkit, or its own folder), or VOCdevkit with both: JPEGImages/*.jpg,':
    'VOC2007 或 VOC2012（位于 VOCdevkit 内，或单独的文件夹），或包含两者的 VOCdevkit：JPEGImages/*.jpg，',
  'ImageSets/Main/trainval.txt and test.txt, or train.txt and val.txt; for each class ImageSets/Main/CLASS_SPLIT.txt;':
    'ImageSets/Main/trainval.txt 和 test.txt，或 train.txt 和 val.txt；每个类别的 ImageSets/Main/CLASS_SPLIT.txt；',
  'for boxes Annotations/*.xml, which also tell the classes where no list does':
    '边界框取自 Annotations/*.xml；没有类别列表时，类别也取自其中',
  'annotations/instances_train2017.json and instances_val2017.json (or 2014) with the folders train2017 and val2017':
    'annotations/instances_train2017.json 和 instances_val2017.json（或 2014），以及文件夹 train2017 和 val2017',
  'or _annotations.coco.json in the folder of each split, as Roboflow writes it':
    '或各划分文件夹中由 Roboflow 写出的 _annotations.coco.json',
  "or any file in COCO's annotation format (images, annotations with boxes, categories) beside its pictures":
    '或与图像放在一起的任何 COCO 格式标注文件（图像、带边界框的标注、类别）',
  '*.tar, or train/*.tar and val/*.tar, or names with train or val in them (WebDataset)':
    '*.tar，或 train/*.tar 和 val/*.tar，或名称含 train 或 val 的文件（WebDataset）',
  'in each KEY.jpg (or png, webp, another picture), and KEY.cls with its class number; without it, unlabelled':
    '其中有 KEY.jpg（或 png、webp 等图像）和写有类别编号的 KEY.cls；没有后者则无标签',
};
