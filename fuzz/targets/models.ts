import { zipSync } from 'fflate'
import { parseConfig } from '../../lib/model/config'
import { readCheckpoint } from '../../lib/model/checkpoint/checkpoint'
import { convertOnnx } from '../../lib/model/convert-onnx'
import { readOnnx } from '../../lib/model/onnx/read'
import { outlineOf } from '../../lib/scoring/npu/onnx-inputs'
import { ModelError, type ModelErrorCode } from '../../lib/errors'
import { textOf } from '../scratch'
import { sound, type Target } from '../target'

const checkpointRefusals: readonly ModelErrorCode[] = ['CHECKPOINT_INVALID', 'CHECKPOINT_UNSAFE']

function assertSoundCheckpoint(file: Uint8Array): void {
  let bytes = 0
  for (const [name, { shape, data }] of readCheckpoint(file)) {
    const elements = shape.reduce((product, size) => product * size, 1)
    sound(typeof name === 'string' && data.length === elements, 'a tensor of another size than its shape')
    bytes += data.byteLength
  }
  // Narrow numbers widen up to eightfold, and a few tensors may share a storage.
  sound(bytes <= 4096 + 64 * file.length, `${bytes} bytes of tensors in a file of ${file.length}`)
}

const checkpoint: Target = {
  name: 'checkpoint',
  parses: 'readCheckpoint: the zip archive around a pickle, and files of other kinds',
  refusals: checkpointRefusals,
  largestBytes: 8192,
  dictionary: [
    'PK\x01\x02',
    'PK\x03\x04',
    'PK\x05\x06',
    'PK\x06\x06',
    'PK\x06\x07',
    'archive/data.pkl',
    'data/0',
  ],
  answers: 'at once',
  read: assertSoundCheckpoint,
}

const pickle: Target = {
  name: 'pickle',
  parses: 'readCheckpoint: the pickle of a checkpoint, and the tensors it describes',
  refusals: checkpointRefusals,
  largestBytes: 4096,
  dictionary: [
    'ctorch._utils\n_rebuild_tensor_v2\n',
    'ccollections\nOrderedDict\n',
    'ctorch\nFloatStorage\n',
    'ctorch\nLongStorage\n',
    'cos\nsystem\n',
    'cbuiltins\neval\n',
    'X\x07\0\0\0storage',
    '__proto__',
    'constructor',
    '\x80\x02',
    '\x8a\x08',
  ],
  answers: 'at once',
  read: bytes => {
    const storage = new Uint8Array(16).fill(1)
    const parts = {
      'archive/data.pkl': bytes,
      'archive/data/0': storage,
      'archive/version': Buffer.from('3\n'),
    }
    assertSoundCheckpoint(zipSync(parts, { level: 0 }))
  },
}

const config: Target = {
  name: 'config',
  parses: 'parseConfig',
  refusals: ['CONFIG_INVALID'],
  largestBytes: 4096,
  dictionary: [
    '"model_config"',
    '"architecture"',
    '"AASIST"',
    '"nb_samp"',
    '"first_conv"',
    '"filts"',
    '"gat_dims"',
    '"pool_ratios"',
    '"temperatures"',
    '"asv_score_path"',
    '"__proto__"',
    '"constructor"',
    '1e999',
    '\\u0000',
  ],
  answers: 'at once',
  read: bytes => {
    const { model } = parseConfig(textOf(bytes))
    sound(Number.isInteger(model.nbSamp) && model.filts.length === 5, 'a model that is none')
    sound([...model.poolRatios, ...model.temperatures].every(Number.isFinite), 'a ratio that is no number')
  },
}

/** The typed refusal, if there was one; anything else is thrown on. */
function refusalOf(reading: () => unknown): ModelError | undefined {
  try {
    reading()
    return undefined
  } catch (error) {
    if (error instanceof ModelError) return error
    throw error
  }
}

const onnx: Target = {
  name: 'onnx',
  parses: 'readOnnx, outlineOf',
  refusals: ['MODEL_INVALID'],
  largestBytes: 8192,
  dictionary: [
    'Conv',
    'If',
    'then_branch',
    'else_branch',
    'Constant',
    'value',
    '\x08\x07',
    '\xff\xff\xff\xff\x0f',
  ],
  answers: 'at once',
  read: bytes => {
    const refused = refusalOf(() => {
      for (const { name, shape } of outlineOf(bytes, 'the model').inputs) {
        sound(typeof name === 'string' && Array.isArray(shape), 'an input without name or shape')
      }
    })
    for (const { dims, data } of readOnnx(bytes).initializers.values()) {
      sound(data.length === dims.reduce((product, size) => product * size, 1), 'a constant of another size')
    }
    if (refused !== undefined) throw refused
  },
}

const onnxConversion: Target = {
  name: 'onnx-conversion',
  parses: 'convertOnnx, and readOnnx of what it gives',
  refusals: ['MODEL_INVALID', 'INVALID_ARGUMENT'],
  largestBytes: 8192,
  dictionary: [
    ...['Conv', 'BatchNormalization', 'Selu', 'MaxPool', 'Reshape', 'Transpose', 'Concat', 'Slice', 'Gather'],
    ...[
      'Shape',
      'Unsqueeze',
      'Squeeze',
      'Softmax',
      'MatMul',
      'Add',
      'TopK',
      'If',
      'Constant',
      'Expand',
      'Range',
    ],
    ...['axes', 'axis', 'perm', 'strides', 'pads', 'kernel_shape', 'dilations', 'group', 'value', 'to'],
  ],
  answers: 'at once',
  read: bytes => {
    const { onnx: converted } = convertOnnx(bytes)
    const refused = refusalOf(() => readOnnx(converted))
    sound(refused === undefined, `a converted model that is none: ${refused?.message ?? ''}`)
  },
}

export const modelTargets: readonly Target[] = [checkpoint, pickle, config, onnx, onnxConversion]
