/** What a benchmark runs a model on: data made up, or files as ais_bench takes them. */
import { randomFillSync } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DatasetError, SessionError, errorCode, errorMessage } from '../errors'
import { readInputFile } from '../scoring/input-file'
import type { Feeds, TensorData, TensorType } from '../session'
import { elementCount } from '../session/tensor'
import { npyElements } from './npy'
import type { InputShape } from './shapes'

/** One run's inputs. */
export interface Request {
  readonly index: number
  readonly feeds: Feeds
  /**
   * The files in it, those of all inputs for each sample; fewer than `samplesPerRequest` where the last ones were filled
   * up. Empty for made-up data.
   */
  readonly samples: readonly (readonly string[])[]
}

export interface RequestSource {
  readonly count: number
  readonly samplesPerRequest: number
  /** @throws DatasetError `DATASET_INVALID`; SessionError `INPUT_SHAPE` */
  readonly at: (index: number) => Promise<Request>
}

export type PureData = 'zero' | 'random'

/** One request of made-up data; `random` fills floating-point inputs from [0, 1) and all others with random bytes. */
export function madeUpRequest(shapes: readonly InputShape[], data: PureData): RequestSource {
  const feeds = Object.fromEntries(
    shapes.map(({ input, dims }) => [
      input.name,
      { type: input.type, dims, data: madeUp(input.type, dims, data) },
    ]),
  )
  return { count: 1, samplesPerRequest: 1, at: async () => Promise.resolve({ index: 0, feeds, samples: [] }) }
}

function madeUp(type: TensorType, dims: readonly number[], data: PureData): TensorData {
  const elements = elementCount(type, dims)
  if (data === 'random' && (type === 'float32' || type === 'float64')) {
    const array = type === 'float32' ? new Float32Array(elements) : new Float64Array(elements)
    return array.map(() => Math.random())
  }
  const bytes = new Uint8Array(elements * bytesPerElement(type))
  if (data === 'random') {
    // A crypto call takes at most 2 GiB.
    for (let at = 0; at < bytes.length; at += 2 ** 30)
      randomFillSync(bytes, at, Math.min(2 ** 30, bytes.length - at))
    // Half precision: a clear upper exponent bit keeps numbers below 2 and free of NaN; truth values are 0 or 1.
    if (type === 'float16') for (let at = 1; at < bytes.length; at += 2) bytes[at]! &= 0x3b
    if (type === 'bool') for (let at = 0; at < bytes.length; at += 1) bytes[at]! &= 1
  }
  return arrayOf(type, bytes)
}

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  int4: Int8Array,
  uint4: Uint8Array,
} as const satisfies Readonly<Record<Exclude<TensorType, 'string'>, unknown>>

function bytesPerElement(type: TensorType): number {
  return type === 'string' ? textRefused() : arrays[type].BYTES_PER_ELEMENT
}

function textRefused(): never {
  throw new SessionError('INPUT_TYPE', 'the model takes text, which a benchmark has none of')
}

function arrayOf(type: TensorType, bytes: Uint8Array<ArrayBuffer>): TensorData {
  if (type === 'string') return textRefused()
  return new arrays[type](bytes.buffer, bytes.byteOffset, bytes.byteLength / arrays[type].BYTES_PER_ELEMENT)
}

/** How many files a run takes. */
export type Batching = 'several files a run' | 'one file a run'

/**
 * ais_bench's rules: with files, as many as the model has inputs or a multiple of that, cut into one list an input; with
 * folders, one an input, whose .npy and .bin files are paired in natural order. Smaller files than the input are put
 * together; where they do not fill the last run, its first file is repeated, and what comes of that is not kept.
 *
 * @throws DatasetError `DATASET_INVALID`; SessionError `INPUT_SHAPE`
 */
export async function requestsOfFiles(
  paths: readonly string[],
  shapes: readonly InputShape[],
  batching: Batching,
): Promise<RequestSource> {
  const lists = await filesByInput(paths, shapes)
  const first = shapes[0]!
  const inputBytes = bytesOfInput(first)
  const firstBytes = (await elementsOf(lists[0]![0]!)).length
  const perRun = firstBytes === 0 ? 0 : inputBytes / firstBytes
  if (!Number.isInteger(perRun) || perRun < 1 || (batching === 'one file a run' && perRun !== 1)) {
    throw sizeError(lists[0]![0]!, firstBytes, first, batching)
  }
  const samples = lists[0]!.map((_, index) => lists.map(list => list[index]!))
  return {
    count: Math.ceil(samples.length / perRun),
    samplesPerRequest: perRun,
    async at(index) {
      const own = samples.slice(index * perRun, (index + 1) * perRun)
      const filled = Array.from({ length: perRun }, (_, place) => own[place] ?? own[0]!)
      const feeds: [string, Feeds[string]][] = []
      for (const [place, shape] of shapes.entries()) {
        const bytes = await joined(
          filled.map(files => files[place]!),
          shape,
          batching,
        )
        const { name, type } = shape.input
        feeds.push([name, { type, dims: shape.dims, data: arrayOf(type, bytes) }])
      }
      return { index, feeds: Object.fromEntries(feeds), samples: own }
    },
  }
}

function bytesOfInput({ input, dims }: InputShape): number {
  return elementCount(input.type, dims) * bytesPerElement(input.type)
}

async function joined(
  paths: readonly string[],
  shape: InputShape,
  batching: Batching,
): Promise<Uint8Array<ArrayBuffer>> {
  const wanted = bytesOfInput(shape)
  // Of its own, so that the elements are where their size wants them.
  const whole = new Uint8Array(wanted)
  for (const [place, path] of paths.entries()) {
    const elements = await elementsOf(path)
    if (elements.length * paths.length !== wanted) throw sizeError(path, elements.length, shape, batching)
    whole.set(elements, place * elements.length)
  }
  return whole
}

function sizeError(path: string, found: number, shape: InputShape, batching: Batching): SessionError {
  const { name, type } = shape.input
  const advice =
    batching === 'one file a run'
      ? 'pipelined, each file must be a whole input'
      : 'it must be that, or an even part of it'
  return new SessionError(
    'INPUT_SHAPE',
    `${path} holds ${found} bytes, and input "${name}" (${type}, [${shape.dims.join(', ')}]) takes ${bytesOfInput(shape)}: ${advice}`,
    { path, input: name, fileBytes: found, inputBytes: bytesOfInput(shape) },
  )
}

const largestBytes = 2 ** 31 - 1

async function elementsOf(path: string): Promise<Buffer> {
  let bytes: Buffer
  try {
    bytes = await readInputFile(path, largestBytes)
  } catch (error) {
    throw new DatasetError('DATASET_INVALID', errorMessage(error), { path }, { cause: error })
  }
  return /\.npy$/i.test(path) ? npyElements(bytes, path) : bytes
}

async function filesByInput(
  paths: readonly string[],
  shapes: readonly InputShape[],
): Promise<readonly (readonly string[])[]> {
  const kinds = await Promise.all(paths.map(kindOf))
  const inputs = shapes.length
  const invalid = (message: string): DatasetError =>
    new DatasetError('DATASET_INVALID', message, { paths: [...paths] })
  if (kinds.every(kind => kind === 'folder')) {
    if (paths.length !== inputs) {
      throw invalid(
        `${paths.length} input folders are given, and the model has ${inputs} inputs: give one an input, in their order`,
      )
    }
    const lists = await Promise.all(paths.map(arraysIn))
    const [first] = lists
    if (first === undefined || first.length === 0) throw invalid(`${paths[0]!} holds no .npy or .bin file`)
    const other = lists.findIndex(list => list.length !== first.length)
    if (other < 0) return lists
    throw invalid(
      `${paths[other]!} holds ${lists[other]!.length} files, and ${paths[0]!} ${first.length}: they are paired by their order`,
    )
  }
  if (kinds.includes('folder')) throw invalid('give files or folders, not both')
  if (paths.length % inputs !== 0) {
    throw invalid(
      `${paths.length} files are given, which is no multiple of the model's ${inputs} inputs: give all of the first input, then all of the second`,
    )
  }
  const each = paths.length / inputs
  return shapes.map((_, index) => paths.slice(index * each, (index + 1) * each))
}

async function kindOf(path: string): Promise<'file' | 'folder'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    throw new DatasetError(
      'DATASET_INVALID',
      `${path} cannot be read (${errorCode(error) ?? 'unknown'}); name a file, or a folder of .npy or .bin files`,
      { path },
      { cause: error },
    )
  }
}

const natural = new Intl.Collator('en', { numeric: true })

async function arraysIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter(name => /\.(npy|bin|NPY|BIN)$/.test(name))
  return names.sort((one, other) => natural.compare(one, other)).map(name => join(folder, name))
}

/** What results of a file are called after: its name up to the first dot. */
export function stemOf(path: string): string {
  return basename(path).split('.', 1)[0]!
}
