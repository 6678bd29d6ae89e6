/**
 * PyTorch checkpoints read without Python: the zip format of torch.save since PyTorch 1.6 (torch/serialization.py and
 * caffe2/serialize/inline_container.h), of which data.pkl describes tensors and data/<key> holds their numbers.
 */
import { ModelError } from '../../errors'
import { describeForeignFile, describeForeignZip } from './foreign-file'
import { materialise, StorageReader, type CheckpointTensor } from './tensors'
import { PickleGlobal, PickleTuple, StorageReference, TensorDescription } from './pickle-values'
import type { PickleDict, PickleValue } from './pickle-values'
import { refuseHarmfulPickles, unpickle } from './unpickler'
import { openZip, type ZipArchive } from './zip-archive'

export type { CheckpointTensor, TensorOf } from './tensors'

/** A state_dict: tensors by name, in the order of the file, without DataParallel's `module.` prefix. */
export type Checkpoint = ReadonlyMap<string, CheckpointTensor>

/** Where training scripts put the state_dict when they save more than that. */
const wrapperKeys = ['state_dict', 'model', 'model_state_dict'] as const

/** torch.nn.DataParallel wraps the network in an attribute of this name. */
const parallelPrefix = 'module.'

/**
 * Reads a `.pth` file: a state_dict, or a dict that holds one under `state_dict`, `model` or `model_state_dict`.
 * Floating point of any width becomes float32, whole numbers int64; views become contiguous.
 *
 * Nothing in the file is executed. Its pickle may name `collections.OrderedDict`, `torch._utils._rebuild_tensor_v2`,
 * `torch._utils._rebuild_parameter` and the storage types of numbers; anything else is refused by name. Memory is bounded by the file's length.
 *
 * @throws ModelError `CHECKPOINT_UNSAFE` when the pickle asks for anything else (`detail.global` says what);
 * `CHECKPOINT_INVALID` when the file is damaged, of another format, or holds no state_dict
 */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  if (!looksLikeZip(bytes)) {
    refuseHarmfulPickles(bytes)
    throw foreign(describeForeignFile(bytes))
  }
  const archive = openZip(bytes)
  const folder = checkpointFolder(archive)
  const state = findStateDict(unpickle(archive.read(`${folder}data.pkl`)))
  const storages = new StorageReader(archive, folder)
  const prefixed = [...state.keys()].every(key => typeof key === 'string' && key.startsWith(parallelPrefix))

  const checkpoint = new Map<string, CheckpointTensor>()
  for (const [key, value] of state) {
    if (typeof key !== 'string') throw notAStateDict(`a key that is ${kindOf(key)}`)
    if (!(value instanceof TensorDescription)) {
      throw notAStateDict(`${kindOf(value)} under ${JSON.stringify(key.slice(0, 80))}`)
    }
    checkpoint.set(prefixed ? key.slice(parallelPrefix.length) : key, materialise(key, value, storages))
  }
  return checkpoint
}

function looksLikeZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 0x03 && bytes[3] === 0x04 && bytes.length > 22
}

/** All of a checkpoint lies in one folder, named after the file when it was saved, `archive` in older versions. */
function checkpointFolder(archive: ZipArchive): string {
  const folders = archive.names
    .filter(name => /^[^/]+\/data\.pkl$/.test(name))
    .map(name => name.slice(0, -'data.pkl'.length))
  const [folder] = folders
  if (folder === undefined) throw foreign(describeForeignZip(archive.names))
  if (folders.length > 1) {
    throw new ModelError('CHECKPOINT_INVALID', `the file holds ${folders.length} checkpoints, expected one`)
  }
  if (archive.has(`${folder}constants.pkl`)) {
    throw foreign({
      looksLike: 'a TorchScript program',
      advice: "save the weights alone: torch.save(torch.jit.load(path).state_dict(), 'plain.pth')",
    })
  }
  return folder
}

function findStateDict(top: PickleValue): PickleDict {
  if (!(top instanceof Map)) throw notAStateDict(kindOf(top))
  if (holdsTensors(top)) return top
  for (const key of wrapperKeys) {
    const inner = top.get(key)
    if (inner instanceof Map && holdsTensors(inner)) return inner
  }
  const keys = [...top.keys()].slice(0, 5).map(key => String(key).slice(0, 40))
  throw notAStateDict(
    keys.length === 0 ? 'an empty dict' : `a dict without tensors, of ${JSON.stringify(keys)}`,
  )
}

function holdsTensors(dict: PickleDict): boolean {
  return [...dict.values()].some(value => value instanceof TensorDescription)
}

function kindOf(value: PickleValue): string {
  if (value === null) return 'None'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Map) return 'a dict'
  if (value instanceof PickleTuple) return 'a tuple'
  if (value instanceof TensorDescription) return 'a single tensor'
  if (value instanceof StorageReference) return 'a storage'
  if (value instanceof PickleGlobal) return `the class ${value.name}`
  return typeof value === 'string' ? 'a string' : 'a number'
}

function notAStateDict(found: string): ModelError {
  return new ModelError(
    'CHECKPOINT_INVALID',
    `the checkpoint holds ${found}, expected a state_dict: tensors by name, as torch.save(model.state_dict(), path) ` +
      `writes it, alone or under ${wrapperKeys.join(', ')}`,
  )
}

function foreign(file: { readonly looksLike: string; readonly advice: string }): ModelError {
  return new ModelError(
    'CHECKPOINT_INVALID',
    `the checkpoint looks like ${file.looksLike}, expected a file of torch.save (PyTorch 1.6 or newer); ${file.advice}`,
    { looksLike: file.looksLike },
  )
}
