/** Checkpoints and configurations that cannot be used: the model's part of the bad-input corpus. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { deflateSync } from 'fflate'
import type { ModelErrorCode } from '../../lib/errors'
import { readCheckpoint, type CheckpointTensor } from '../../lib/model/checkpoint/checkpoint'
import { root } from '../support/environment'
import {
  checkpointFile,
  float32Bytes,
  joinBytes,
  oneTensorFile,
  pickle,
  stateDictFile,
  uint64,
  zipFile,
} from './checkpoint-files'

export interface BadModelFile {
  readonly name: string
  /** What a user might have called it; always `.pth`, so that every command takes it for a checkpoint. */
  readonly fileName: string
  readonly bytes: () => Uint8Array
  /** Text of the `.conf`; {@link goodConfig} where it is not the culprit. */
  readonly config?: string
  readonly code: ModelErrorCode
}

function fixture(name: string): Buffer {
  return readFileSync(join(root, 'test', 'fixtures', 'checkpoints', name))
}

/** Belongs to {@link goodConfig}: each case below changes one thing about the two. */
export const goodCheckpoint = (): Uint8Array => Uint8Array.from(fixture('tiny-random.pth'))
export const goodConfig: string = fixture('tiny-random.conf').toString()

const { call, dict, global, orderedDict, program, stackGlobal, storage, tensor, text } = pickle

function harmful(name: string, pickled: Uint8Array): BadModelFile {
  return {
    name,
    fileName: 'harmful.pth',
    bytes: () => checkpointFile(pickled, { 0: float32Bytes([1]) }),
    code: 'CHECKPOINT_UNSAFE',
  }
}

function broken(name: string, fileName: string, bytes: () => Uint8Array): BadModelFile {
  return { name, fileName, bytes, code: 'CHECKPOINT_INVALID' }
}

type ChangeTensor = (tensor: CheckpointTensor) => CheckpointTensor | undefined

/** The good checkpoint with one tensor changed, or left out. */
function changed(name: string, key: string, change: ChangeTensor): BadModelFile {
  return broken(name, 'changed.pth', () => {
    const tensors = new Map(readCheckpoint(goodCheckpoint()))
    const result = change(tensors.get(key)!)
    if (result === undefined) tensors.delete(key)
    else tensors.set(key, result)
    return stateDictFile(tensors)
  })
}

function withFirst(value: number): ChangeTensor {
  return ({ shape, data }) => {
    const copy = Float32Array.from(data, Number)
    copy[0] = value
    return { dtype: 'float32', shape, data: copy }
  }
}

type ModelPart = Readonly<Record<string, unknown>>

function misconfigured(name: string, config: string): BadModelFile {
  return { name, fileName: 'tiny-random.pth', bytes: goodCheckpoint, config, code: 'CONFIG_INVALID' }
}

function modelConfig(change: (model: ModelPart) => ModelPart): string {
  const { model_config: model } = JSON.parse(goodConfig) as { model_config: ModelPart }
  return JSON.stringify({ model_config: change(model) })
}

const weight = tensor({ storage: storage('FloatStorage', '0', 1), shape: [1] })

export const badModelFiles: readonly BadModelFile[] = [
  harmful('os.system', program(call(global('os', 'system'), text('touch pwned')))),
  harmful('builtins.eval', program(call(global('builtins', 'eval'), text('1')))),
  harmful(
    'posix.system, protocol 4',
    joinBytes('\x80\x04', stackGlobal('posix', 'system'), text('ls'), '\x85R.'),
  ),
  harmful('the instruction INST', joinBytes("(S'touch pwned'\nios\nsystem\n.")),
  harmful('a whole pickled model', program(global('models.AASIST', 'Model'), ')\x81', dict([]), 'b')),
  harmful(
    'harm among honest tensors',
    program(
      orderedDict([
        ['pos_S', weight],
        ['x', call(global('subprocess', 'check_output'), text('ls'))],
      ]),
    ),
  ),
  harmful(
    'a NumPy scalar in the history',
    program(dict([['eer', global('numpy._core.multiarray', 'scalar')]])),
  ),

  broken('an empty file', 'empty.pth', () => joinBytes()),
  broken('a download that broke off', 'AASIST-L.pth', () => goodCheckpoint().subarray(0, 50_000)),
  broken('a download that lost its start', 'AASIST-L.pth', () => goodCheckpoint().subarray(1000)),
  broken('a flipped bit in a weight', 'AASIST-L.pth', () => {
    const bytes = goodCheckpoint()
    // The last kilobytes are the directory; the middle is storages.
    const at = Buffer.from(bytes).indexOf(
      float32Bytes([...readCheckpoint(bytes).get('pos_S')!.data].map(Number).slice(0, 4)),
    )
    bytes[at]! ^= 1
    return bytes
  }),
  broken('a checkpoint of PyTorch before 1.6', 'legacy.pth', () =>
    joinBytes('\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.'),
  ),
  broken('a bare pickle', 'weights.pth', () => joinBytes('\x80\x04}\x94.')),
  broken('safetensors', 'model.pth', () => joinBytes(uint64(14), '{"weight":{}}  ')),
  broken('a web page', 'AASIST-L.pth', () => joinBytes('<!DOCTYPE html>\n<html><body>Sign in</body></html>')),
  broken('a Git LFS pointer', 'AASIST-L.pth', () =>
    joinBytes('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 426428\n'),
  ),
  broken('an ONNX model named .pth', 'model.pth', () =>
    readFileSync(join(root, 'test', 'fixtures', 'demo', 'aasist-l-demo-torch-opset11.onnx')),
  ),
  broken('audio named .pth', 'clip.pth', () => joinBytes('RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00')),
  broken('the configuration as checkpoint', 'AASIST-L.pth', () => joinBytes(goodConfig)),
  broken('a zip of something else', 'weights.pth', () =>
    zipFile([{ name: 'README.md', data: joinBytes('#') }]),
  ),
  broken('two entries of one name', 'double.pth', () => {
    const entry = { name: 'archive/data.pkl', data: program(orderedDict([['weight', weight]])) }
    return zipFile([entry, entry])
  }),
  broken('a compressed entry that claims a gigabyte', 'bomb.pth', () => {
    const data = deflateSync(program(orderedDict([])))
    return zipFile([{ name: 'archive/data.pkl', data, method: 8, size: 2 ** 30, checksum: crc32(data) }])
  }),
  broken('an entry longer than the file', 'long.pth', () =>
    zipFile([{ name: 'archive/data.pkl', data: joinBytes('.'), size: 2 ** 31, compressedSize: 2 ** 31 }]),
  ),
  broken('a pickle that breaks off', 'cut.pth', () => checkpointFile(program(weight).subarray(0, 60))),
  broken('a tensor beyond its storage', 'beyond.pth', () => oneTensorFile({ shape: [4], offset: 1 })),
  broken('a tensor of a billion copies of one number', 'wide.pth', () =>
    oneTensorFile({ shape: [2 ** 30], strides: [0] }),
  ),
  broken('a storage that is not there', 'lost.pth', () =>
    oneTensorFile({ storage: storage('FloatStorage', 'gone', 4) }),
  ),
  broken('an optimizer instead of weights', 'optimizer.pth', () =>
    checkpointFile(program(dict([['param_groups', ']']]))),
  ),
  broken('weights of another network', 'resnet.pth', () => oneTensorFile({})),

  changed('a missing tensor', 'out_layer.weight', () => undefined),
  changed('a tensor of another shape', 'master1', ({ data }) => ({
    dtype: 'float32',
    shape: [1, data.length],
    data: Float32Array.from(data, Number),
  })),
  changed('a weight of whole numbers', 'out_layer.bias', ({ shape, data }) => ({
    dtype: 'int64',
    shape,
    data: new BigInt64Array(data.length),
  })),
  changed('a weight that is not a number', 'out_layer.bias', withFirst(NaN)),
  changed('an infinite weight', 'GAT_layer_S.att_weight', withFirst(Infinity)),
  changed('a negative variance', 'encoder.0.0.bn2.running_var', withFirst(-1)),
  broken('a tensor too many', 'changed.pth', () => {
    const tensors = readCheckpoint(goodCheckpoint())
    return stateDictFile(new Map([...tensors, ['attention.weight', tensors.get('pos_S')!]]))
  }),
  {
    ...broken('the configuration of another checkpoint', 'tiny-random.pth', goodCheckpoint),
    config: readFileSync(join(root, 'models', 'demo', 'aasist-l-demo.conf'), 'utf8'),
  },

  misconfigured('a configuration that is empty', ''),
  misconfigured('a configuration that breaks off', goodConfig.slice(0, 100)),
  misconfigured('a configuration that is a list', '[]'),
  misconfigured('a configuration without model_config', '{"nb_samp": 64600}'),
  misconfigured(
    'a configuration of another network',
    modelConfig(model => ({ ...model, architecture: 'RawNet2' })),
  ),
  misconfigured('the checkpoint as configuration', fixture('tiny-random.pth').toString('latin1')),
  misconfigured(
    'a missing key',
    modelConfig(model => ({ ...model, filts: undefined })),
  ),
  misconfigured(
    'a key of a variant',
    modelConfig(model => ({ ...model, use_res2net: true })),
  ),
  misconfigured(
    'a number as text',
    modelConfig(model => ({ ...model, nb_samp: '24000' })),
  ),
  misconfigured(
    'a window of a year',
    modelConfig(model => ({ ...model, nb_samp: 5e11 })),
  ),
  misconfigured(
    'a window too short for one frame',
    modelConfig(model => ({ ...model, nb_samp: 2000 })),
  ),
  misconfigured(
    'channels that do not connect',
    modelConfig(model => ({ ...model, filts: [20, [1, 4], [6, 4], [4, 6], [6, 6]] })),
  ),
  misconfigured(
    'a pooling ratio of zero',
    modelConfig(model => ({ ...model, pool_ratios: [0, 0.5, 0.5, 0.5] })),
  ),
  misconfigured(
    'a temperature of zero',
    modelConfig(model => ({ ...model, temperatures: [2, 0, 2, 2] })),
  ),
]
