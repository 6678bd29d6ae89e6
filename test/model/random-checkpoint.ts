/** A checkpoint of random weights for any configuration, at a scale at which no layer fades or overflows. */
import type { Checkpoint, CheckpointTensor, ModelConfig } from '../../lib/model'
import { noise } from './small-graphs'

export function randomCheckpoint(config: ModelConfig, seed: number): Checkpoint {
  const tensors = new Map<string, CheckpointTensor>()
  const add = (name: string, shape: readonly number[], spread: number, centre = 0): void => {
    const count = shape.reduce((product, size) => product * size, 1)
    const data = noise(count, seed + tensors.size).map(value => centre + spread * value)
    tensors.set(name, { dtype: 'float32', shape, data })
  }
  const norm = (name: string, features: number): void => {
    add(`${name}.weight`, [features], 0.3, 1)
    add(`${name}.bias`, [features], 0.3)
    add(`${name}.running_mean`, [features], 0.1)
    add(`${name}.running_var`, [features], 0.3, 1)
  }
  const weighted = (name: string, shape: readonly [number, ...number[]]): void => {
    const inputs = shape.slice(1).reduce((product, size) => product * size, 1)
    add(`${name}.weight`, shape, Math.sqrt(3 / inputs))
    add(`${name}.bias`, [shape[0]], 0.1)
  }
  const [filters, ...pairs] = config.filts
  const [gat, heterogeneous] = config.gatDims
  const [, channels] = pairs.at(-1)!
  norm('first_bn', 1)
  for (const [block, [from, to]] of [...pairs, pairs.at(-1)!, pairs.at(-1)!].entries()) {
    weighted(`encoder.${block}.0.conv1`, [to, from, 2, 3])
    norm(`encoder.${block}.0.bn2`, to)
    weighted(`encoder.${block}.0.conv2`, [to, to, 2, 3])
    if (from !== to) weighted(`encoder.${block}.0.conv_downsample`, [to, from, 1, 3])
  }
  add('pos_S', [1, Math.floor(filters / 3), channels], 1)
  for (const layer of ['GAT_layer_S', 'GAT_layer_T']) {
    for (const part of ['att_proj', 'proj_with_att', 'proj_without_att'])
      weighted(`${layer}.${part}`, [gat, channels])
    add(`${layer}.att_weight`, [gat, 1], 1)
    norm(`${layer}.bn`, gat)
  }
  for (const [branch, second, width] of [
    ['1', '1', gat],
    ['1', '2', heterogeneous],
    ['2', '1', gat],
    ['2', '2', heterogeneous],
  ] as const) {
    const layer = `HtrgGAT_layer_ST${branch}${second}`
    for (const part of ['proj_type1', 'proj_type2']) weighted(`${layer}.${part}`, [width, width])
    for (const part of [
      'att_proj',
      'att_projM',
      'proj_with_att',
      'proj_without_att',
      'proj_with_attM',
      'proj_without_attM',
    ])
      weighted(`${layer}.${part}`, [heterogeneous, width])
    for (const kind of ['11', '22', '12', 'M']) add(`${layer}.att_weight${kind}`, [heterogeneous, 1], 1)
    norm(`${layer}.bn`, heterogeneous)
  }
  for (const pool of ['pool_S', 'pool_T']) weighted(`${pool}.proj`, [1, gat])
  for (const pool of ['pool_hS1', 'pool_hT1', 'pool_hS2', 'pool_hT2'])
    weighted(`${pool}.proj`, [1, heterogeneous])
  for (const master of ['master1', 'master2']) add(master, [1, 1, gat], 1)
  weighted('out_layer', [2, 5 * heterogeneous])
  return tensors
}
