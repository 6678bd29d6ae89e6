/**
 * Checkpoints, configurations and graphs. `import … from 'aasist-ascend/model'`.
 *
 * @module aasist-ascend/model
 */
export {
  convertCheckpoint,
  convertTargets,
  defaultTiles,
  type ConvertOptions,
  type ConvertTarget,
} from './convert'
export { convertOnnx, type ConvertedOnnx, type ConvertOnnxOptions } from './convert-onnx'
export type { NpuPassName, PassReport } from './npu-target'
export { encoderStrideSamples, type SharedWindows } from './shared-windows'
export type { TileGroup } from './passes/tile-time'
export {
  readCheckpoint,
  type Checkpoint,
  type CheckpointTensor,
  type TensorOf,
} from './checkpoint/checkpoint'
export { parseConfig, type AasistConfig, type ChannelPair, type ModelConfig } from './config'
export { AasistError, ArgumentRangeError, ArgumentTypeError, ModelError } from '../errors'
export type { ArgumentErrorCode, ErrorCode, ErrorDetail, ModelErrorCode } from '../errors'
