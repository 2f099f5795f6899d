/** Names that programs give to the tensors of a residual network, from torchvision's; `resources/weights/zoo.md` cites them. */

type Naming = (name: string) => string;

const after =
  (prefix: string, inner: Naming = (name) => name): Naming =>
  (name) =>
    prefix + inner(name);

/** Children of a network in a list, the first stage at a number. */
const sequential =
  (firstStage: number): Naming =>
  (name) =>
    name
      .replace(/^layer(\d)/, (_, stage) => String(Number(stage) - 1 + firstStage))
      .replace(/^conv1/, '0')
      .replace(/^bn1/, '1');
const shortcuts: Naming = (name) => name.replace('downsample', 'shortcut');

const huggingFace: Naming = (name) =>
  name
    .replace(/^conv1/, 'embedder.embedder.convolution')
    .replace(/^bn1/, 'embedder.embedder.normalization')
    .replace(/^layer(\d)\./, (_, stage) => `encoder.stages.${Number(stage) - 1}.layers.`)
    .replace(/\.conv(\d)/, (_, at) => `.layer.${Number(at) - 1}.convolution`)
    .replace(/\.bn(\d)/, (_, at) => `.layer.${Number(at) - 1}.normalization`)
    .replace('downsample.0', 'shortcut.convolution')
    .replace('downsample.1', 'shortcut.normalization');

const detectron2: Naming = (name) =>
  name
    .replace(/^conv1/, 'stem.conv1')
    .replace(/^bn1/, 'stem.conv1.norm')
    .replace(/^layer(\d)/, (_, stage) => `res${Number(stage) + 1}`)
    .replace(/\.bn(\d)/, '.conv$1.norm')
    .replace('downsample.0', 'shortcut')
    .replace('downsample.1', 'shortcut.norm');

const classyVision =
  (convolutions: number): Naming =>
  (name) =>
    name
      .replace(/^conv1/, 'initial_block._module.0')
      .replace(/^bn1/, 'initial_block._module.1')
      .replace(/^layer(\d)\.(\d+)/, (_, stage, block) => `blocks.${stage - 1}.block${stage - 1}-${block}`)
      .replace(/\.conv(\d)/, (_, at) => `.convolutional_block.${3 * (at - 1)}`)
      .replace(/\.bn(\d)/, (_, at) =>
        Number(at) === convolutions ? '.bn' : `.convolutional_block.${3 * (at - 1) + 1}`,
      );

const simclrV2: Naming = (name) =>
  name
    .replace(/^conv1/, 'net.0.0')
    .replace(/^bn1/, 'net.0.1.0')
    .replace(/^layer(\d)\.(\d+)/, 'net.$1.blocks.$2')
    .replace(/\.conv(\d)/, (_, at) => `.net.${2 * (at - 1)}`)
    .replace(/\.bn(\d)/, (_, at) => `.net.${2 * (at - 1) + 1}.0`)
    .replace('downsample.0', 'projection.shortcut')
    .replace('downsample.1', 'projection.bn.0');

const obow: Naming = (name) =>
  name
    .replace(/^layer(\d)/, '_feature_blocks.$1')
    .replace(/^conv1/, '_feature_blocks.0.0')
    .replace(/^bn1/, '_feature_blocks.0.1');

/** By the name of the case. */
export const namings: Readonly<Record<string, Naming>> = {
  torchvision: after(''),
  'VICReg, Barlow Twins and VICRegL': after('model.module.backbone.'),
  SimSiam: after('state_dict.module.encoder.'),
  'SwAV, DeepCluster v2 and SeLa v2': after('module.'),
  'SwAV while training': after('state_dict.module.'),
  'MoCo v1 and v2': after('state_dict.module.encoder_q.'),
  'MoCo v3': after('state_dict.module.base_encoder.'),
  'DINO with batch norms': after('teacher.module.backbone.'),
  DINO: after('teacher.backbone.'),
  MSF: after('state_dict.encoder_q.module.'),
  PixPro: after('model.module.encoder.'),
  ReSSL: after('model.module.encoder_q.net.'),
  'PyContrast, its moving average': after('model_ema.encoder.'),
  'Supervised contrastive learning': after('model.encoder.module.', shortcuts),
  'W-MSE': after('model.module.'),
  PAWS: after('encoder.module.'),
  OBoW: after('network.', obow),
  'InstDis and MoCo beside CMC': after('model.encoder.module.'),
  'SimCLR of sthalles': after('state_dict.backbone.'),
  'SimCLR of Spijkervet': after('encoder.'),
  'SimCLR of leftthomas': after('f.', sequential(3)),
  'SimCLR converted': after('state_dict.'),
  'SimCLR v2 converted': after('resnet.', simclrV2),
  'BYOL of lucidrains': after('online_encoder.net.'),
  'BYOL of sthalles': after('online_network_state_dict.encoder.', sequential(4)),
  'BYOL of yaox12': after('model.module.online_network.encoder.', sequential(4)),
  'BYOL of PatrickHua': after('state_dict.online_encoder.0.'),
  'SimCLR of Lightning Bolts': after('state_dict.encoder.'),
  'BYOL and SimSiam of Lightning Bolts': after('state_dict.online_network.encoder.'),
  'MoCo of Lightning Bolts': after('state_dict.encoder_q.'),
  'SwAV of Lightning Bolts': after('state_dict.model.'),
  VISSL: after('classy_state_dict.base_model.model.trunk._feature_blocks.'),
  'VISSL, the model alone': after('model_state_dict._feature_blocks.'),
  'Classy Vision': after('classy_state_dict.base_model.model.trunk.', classyVision(3)),
  'Classy Vision, basic blocks': after('classy_state_dict.base_model.model.trunk.', classyVision(2)),
  'MMSelfSup and MMPretrain': after('state_dict.backbone.'),
  'OpenSelfSup, MoCo and DenseCL': after('state_dict.encoder_q.0.'),
  'OpenSelfSup, BYOL': after('state_dict.online_net.0.'),
  'solo-learn': after('state_dict.backbone.'),
  'solo-learn, older': after('state_dict.encoder.'),
  'lightly without ReLU and pooling': after('backbone.', (name) => shortcuts(sequential(2)(name))),
  'Sequential without pooling': after('backbone.', sequential(3)),
  'lightly with ReLU and pooling': after('backbone.', sequential(4)),
  'lightly, the teacher': after('teacher_backbone.', sequential(4)),
  fastai: after('model.0.', sequential(4)),
  'Hugging Face': after('resnet.', huggingFace),
  'Hugging Face, without a head': after('', huggingFace),
  'Hugging Face, timm inside': after('timm_model.'),
  'detectron2, a model': after('model.backbone.bottom_up.', detectron2),
  'detectron2, a converted backbone': after('model.', detectron2),
  'CIFAR networks': shortcuts,
  'torch.compile': after('_orig_mod.encoder.'),
  'wrapped blocks': (name) =>
    `model._fsdp_wrapped_module.${name.replace(/^(layer\d\.\d+)\./, '$1._fsdp_wrapped_module.')}`,
};

/** Programs that write one kind of network so; all others write both. */
export const onlyFor: Readonly<Record<string, 'resnet-18' | 'resnet-50'>> = {
  'Classy Vision': 'resnet-50',
  'Classy Vision, basic blocks': 'resnet-18',
  'SimCLR v2 converted': 'resnet-50',
};
