/**
 * Layouts of vision transformers in other programs' files: each renames a file's tensors to timm's names, which DINO,
 * MoCo v3, MAE, iBOT and DINOv2 have as well. `resources/weights/zoo.md` lists them.
 */
import type { Layout } from './layouts.ts';

export const transformerLayouts: readonly Layout[] = [
  {
    name: 'timm',
    rules: [
      // Wrappers inside a network, by torch.compile, FSDP and checkpointing.
      [/(?<=(?:^|\.)blocks\.\d+\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|module)\./, ''],
      // DINOv2's training groups its blocks, whose numbers count on.
      [/(?<=^|\.)blocks\.\d+\.(\d+)\./, 'blocks.#.', 0],
      [/(?<=^|\.)reg_token$/, 'register_tokens'],
      [/(?<=\.)gamma_([12])$/, 'ls#.gamma', 0],
    ],
  },
  {
    name: 'Hugging Face',
    rules: [
      [/(?<=^|\.)embeddings\.(?=(?:cls|mask|distillation|register)_tokens?$)/, ''],
      [/(?<=^|\.)embeddings\.position_embeddings$/, 'pos_embed'],
      [/(?<=^|\.)embeddings\.patch_embeddings\.projection\./, 'patch_embed.proj.'],
      [
        /(?<=^|\.)(?:encoder\.)?layers?\.(\d+)\.(?=(?:attention|layernorm_|norm\d|mlp|intermediate|output|layer_scale))/,
        'blocks.#.',
        0,
      ],
      [/(?<=\.)layernorm_before\./, 'norm1.'],
      [/(?<=\.)layernorm_after\./, 'norm2.'],
      [/(?<=\.)attention\.(?:attention\.query|q_proj)\./, 'attn.q.'],
      [/(?<=\.)attention\.(?:attention\.key|k_proj)\./, 'attn.k.'],
      [/(?<=\.)attention\.(?:attention\.value|v_proj)\./, 'attn.v.'],
      [/(?<=\.)attention\.(?:output\.dense|o_proj)\./, 'attn.proj.'],
      [/(?<=\.)intermediate\.dense\./, 'mlp.fc1.'],
      [/(?<=\.\d+\.)output\.dense\./, 'mlp.fc2.'],
      [/(?<=\.)layer_scale([12])\.lambda1$/, 'ls#.gamma', 0],
      [/(?<=^|\.)layernorm\.(?=(?:weight|bias)$)/, 'norm.'],
    ],
  },
  {
    name: 'torchvision',
    rules: [
      [/(?<=^|\.)class_token$/, 'cls_token'],
      [/(?<=^|\.)conv_proj\./, 'patch_embed.proj.'],
      [/(?<=^|\.)encoder\.pos_embedding$/, 'pos_embed'],
      [/(?<=^|\.)encoder\.layers\.encoder_layer_(\d+)\./, 'blocks.#.', 0],
      [/(?<=^|\.)encoder\.ln\./, 'norm.'],
      [/(?<=\.)ln_([12])\./, 'norm#.', 0],
      [/(?<=\.)self_attention\.in_proj_(?=(?:weight|bias)$)/, 'attn.qkv.'],
      [/(?<=\.)self_attention\.out_proj\./, 'attn.proj.'],
      [/(?<=\.)mlp\.(?:0|linear_1)\./, 'mlp.fc1.'],
      [/(?<=\.)mlp\.(?:3|linear_2)\./, 'mlp.fc2.'],
    ],
  },
];
