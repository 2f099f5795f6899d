/** Text of `reprise --help`. Commands and exit codes are the terminal's contract, so they stand in one place. */
import type { TerminalLanguage } from './words.ts';

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  missing: 3,
  locked: 4,
  stopped: 5,
} as const;

const en = `reprise COMMAND [options]

  doctor                                  check this machine, one line per check
  gpu-build                               show what TensorFlow for NVIDIA GPUs takes, and whether it
                                          works here
                                          --install: download and try it, or go on where that was
                                          cut off; --from FOLDER: take wheels that are there
                                          --remove: free its space
  datasets                                list the data sets of the workspace
  datasets inspect PATH                   show what a folder contains: kind, classes, unreadable
                                          files, copies and near duplicates
                                          --contents: read every image, however many (slow)
                                          --read KEY=VALUE: read it in another way that it names,
                                          also where DATA is given
  presets [LEFT RIGHT]                    list the presets, or the values in which two differ
  run --preset NAME --dataset DATA        pretrain an encoder
                                          [--method vicreg] [--set KEY=VALUE]... [--seed N]
                                          [--title TEXT]
  resume RUN                              continue a run from its last checkpoint
                                          --set whenNotFinite.policy=skip|lower-rate|clip: another
                                          way past steps that are not finite, if they paused it
                                          --set whenNotFinite.norm=N: norm of clipped gradients
  evaluate RUN|WEIGHTS --evaluator NAME   evaluate an encoder
                                          [--dataset DATA] [--set OPTION=VALUE]...
                                          --set PATH=VALUE: a value of the configuration
                                          --branch 2: the second of two encoders; also for features
                                          and export
  features RUN|WEIGHTS --dataset DATA --out FILE.npy
                                          save the features of a data set  [--split NAME]
  export RUN|WEIGHTS --out FILE.safetensors|FILE.pth
                                          save the encoder for other programs
  export RUN... --tensorboard --out FOLDER
                                          save the curves for TensorBoard, a folder a run
  detections RUN --out FILE.json|FOLDER   save what a detector found: COCO's result file, or a
                                          folder of PASCAL VOC's, a file a class
  evaluate-detections FILE|FOLDER --dataset DATA
                                          count anyone's detections  [--split NAME]
                                          [--rules coco|voc-2007|voc-2010]; --verbose: each class
  plan [NAME]                             list the plans, or run one; run again to continue
                                          --seeds N: run everything with N seeds
  runs                                    list the runs of the workspace
  queue                                   list the queued runs, with their expected ends
  queue move RUN... PLACE|top             put queued runs at a place of the queue, from 1
  queue cancel RUN...                     take runs out of the queue
  compare [RUN...] [--plan NAME]          compare with the paper and the earlier reproduction
                                          --verbose: list every setting that differs from the paper
                                          --baseline TITLE: compare all others with this one, on the
                                          same images
                                          --last, --best: use that epoch of each head; the best is
                                          chosen on the test set. Default: as the paper’s figure
                                          where ours is comparable, else the last
  report [RUN...] [--plan NAME]           write a report
                                          [--format html,pdf,markdown,latex,svg,csv,json,bundle]
  replay BUNDLE                           run the bundle.json of a report again and compare
  import RUN_FOLDER|FILE [NETWORK]        import a run from another workspace, or weights (.pth,
                                          .pkl, .safetensors); NETWORK: one of several in the file
                                          --heads N: attention heads of a vision transformer, which
                                          no file states, if not those of published networks
                                          --convention caffe2|torchvision: how a network of
                                          detectron2 sees pictures, if the file does not tell it
                                          --anyway: also weights whose statistics do not fit
  import FILE|FOLDER --curves             import curves to be drawn under your own: TensorBoard's
                                          event files, CSV, lines of JSON, anyone's run folder
                                          [--title TEXT] [--method NAME] [--set THEIRS=OURS]...
  weights                                 list the imported weights
  query ["SELECT …"]                      read the records by SQL, also while the program runs
                                          [--csv]; without one: every view with its columns,
                                          which docs/records.md explains
  updates                                 ask the address of this build for a newer version; nothing
                                          is downloaded or installed

DATA is KIND:PATH (idx:/data/mnist), a folder, fashion-mnist, sample, or a name from "datasets".
RUN can be shortened to the first characters of its id.

  --home DIR      workspace folder (default: REPRISE_HOME, else the user's data folder)
  --json          print one JSON value on standard output, for scripts
  --verbose       show more detail (compare, plan, evaluate-detections)
  --lang en|zh    language of tables and reports
  --version, --help

Progress is printed to standard error. Ctrl-C saves a checkpoint and stops; press it again to stop
immediately.

Exit codes  0 done                        1 a run failed, or "doctor" found a fault
            2 wrong usage                 3 something is not found or not available
            4 the workspace is in use     5 stopped before the end
`;

const zh = `reprise 命令 [选项]

  doctor                                  检查这台机器，每项一行
  gpu-build                               查看 NVIDIA GPU 版 TensorFlow 所需的空间，以及本机是否在用
                                          --install：下载并试用，或从中断处继续
                                          [--from 文件夹]：改用其中的 wheel 文件，不下载
                                          --remove：删除并释放空间
  datasets                                列出工作区中的数据集
  datasets inspect 路径                   查看文件夹的内容：类型、类别、无法读取的文件、
                                          相同与近似重复的图像
                                          --contents：数据集很大时也读取每张图像（较慢）
                                          --read 键=值：改用所列的另一种读取方式，
                                          在给出“数据”的命令中同样可用
  presets [预设 预设]                     列出预设，或比较两个预设的不同取值
  run --preset 名称 --dataset 数据        预训练编码器
                                          [--method vicreg] [--set 键=值]... [--seed N]
                                          [--title 名称]
  resume 实验                             从最近的检查点继续
                                          --set whenNotFinite.policy=skip|lower-rate|clip：
                                          因损失或梯度不是有限值而暂停时，改用另一种方式继续
                                          --set whenNotFinite.norm=N：梯度裁剪范数
  evaluate 实验|权重 --evaluator 名称     评估编码器
                                          [--dataset 数据] [--set 选项=值]...
                                          --set 路径=值：修改配置中的值
                                          --branch 2：两个编码器中的第二个；也用于 features 和
                                          export
  features 实验 --dataset 数据 --out 文件.npy
                                          保存数据集的特征  [--split 划分]
  export 实验 --out 文件.safetensors|文件.pth
                                          导出编码器，供其他程序使用
  export 实验... --tensorboard --out 文件夹
                                          导出曲线，供 TensorBoard 使用（每项实验一个文件夹）
  detections 实验 --out 文件.json|文件夹  保存检测结果：COCO 结果文件，或 PASCAL VOC 结果文件夹
                                          （每个类别一个文件）
  evaluate-detections 文件|文件夹 --dataset 数据
                                          评估任意来源的检测结果  [--split 划分]
                                          [--rules coco|voc-2007|voc-2010]；--verbose：列出各类别
  plan [名称]                             列出计划，或执行一个计划；再次执行即可继续
                                          --seeds N：每项实验使用 N 个种子
  runs                                    列出工作区中的实验
  queue                                   列出排队的实验及预计完成时间
  queue move 实验... 次序|top             将排队的实验移到队列中的某一位，从 1 计
  queue cancel 实验...                    将实验移出队列
  compare [实验...] [--plan 名称]         与论文和先前的复现比较
                                          --verbose：列出与论文不同的每一项设置
                                          --baseline 名称：其余各项都在相同图像上与它比较
                                          --last、--best：采用分类头的末轮或最佳轮（按测试集
                                          选取）；默认与可比的论文数值一致，否则为末轮
  report [实验...] [--plan 名称]          生成报告
                                          [--format html,pdf,markdown,latex,svg,csv,json,bundle]
  replay 结果包                           按报告的 bundle.json 重新运行，并比较两次的结果
  import 实验文件夹|文件 [网络]           导入其他工作区的实验，或权重（.pth、.pkl、.safetensors）；
                                          网络：文件中有多个时指定其一
                                          --heads N：视觉 Transformer 的注意力头数；权重文件中没有
                                          这一信息，与已发表的网络不同时指定
                                          --convention caffe2|torchvision：detectron2 的网络如何看
                                          图像，文件中没有说明时指定
                                          --anyway：统计量不符的权重也导入
  import 文件|文件夹 --curves             导入曲线，绘制在自己的曲线之下：TensorBoard 事件文件、
                                          CSV、逐行 JSON，或任何人的实验文件夹
                                          [--title 名称] [--method 方法] [--set 原名=指标]...
  weights                                 列出已导入的权重
  query ["SELECT …"]                      用 SQL 读取记录，程序运行时也可以  [--csv]；
                                          不写查询语句：列出所有视图及其各列（说明见
                                          docs/records.md）
  updates                                 向此构建的地址查询是否有新版本；不下载，也不安装

“数据”可以是 类型:路径（idx:/data/mnist）、文件夹、fashion-mnist、sample，或 datasets 列出的名称。
“实验”可以只写编号开头的几个字符。

  --home 文件夹   工作区（默认：REPRISE_HOME，否则为用户的数据文件夹）
  --json          在标准输出打印一个 JSON 值，供脚本使用
  --verbose       显示更多细节（compare、plan、evaluate-detections）
  --lang en|zh    表格和报告的语言
  --version, --help

进度打印到标准错误。按 Ctrl-C 会先保存检查点再停止；再按一次立即停止。

退出码  0 完成              1 有实验失败，或 doctor 发现故障
        2 用法错误          3 找不到或无法使用所需的内容
        4 工作区正被占用    5 提前停止
`;

export const helpIn: Readonly<Record<TerminalLanguage, string>> = { en, zh };
