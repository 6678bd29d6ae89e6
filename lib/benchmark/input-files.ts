/** Files as inputs, by ais_bench's rules. */
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DatasetError, SessionError, errorCode, errorMessage } from '../errors'
import { readInputFile } from '../scoring/input-file'
import type { Feeds, TensorMetadata } from '../session'
import { unpackTensor } from '../session/packed-tensor'
import { elementCount } from '../session/tensor'
import { bytesPerElement } from './element-bytes'
import { readNpy } from './npy'
import type { RequestSource } from './requests'
import type { InputShape } from './shapes'

/** How many files a run takes. */
type Batching = 'several files a run' | 'one file a run'

export interface FileOptions {
  readonly batching: Batching
  readonly results: 'kept' | 'dropped'
}

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
  { batching, results }: FileOptions,
): Promise<RequestSource> {
  const lists = await filesByInput(
    paths,
    shapes.map(({ input }) => input.name),
  )
  if (results === 'kept') checkStems(lists[0]!)
  const first = shapes[0]!
  const inputBytes = bytesOfInput(first)
  const firstBytes = (await elementsOf(lists[0]![0]!)).length
  const perRun = firstBytes === 0 ? 0 : inputBytes / firstBytes
  // Only along a batch: other parts of an input are no samples.
  const fitsBatch = perRun === 1 || (first.dims[0] ?? 1) % perRun === 0
  if (
    !Number.isInteger(perRun) ||
    perRun < 1 ||
    !fitsBatch ||
    (batching === 'one file a run' && perRun !== 1)
  ) {
    throw sizeError(lists[0]![0]!, firstBytes, first, batching)
  }
  const samples = lists[0]!.map((_, index) => lists.map(list => list[index]!))
  return {
    count: Math.ceil(samples.length / perRun),
    samplesPerRequest: perRun,
    isDivisible: true,
    filesPerRun: { fileBytes: firstBytes, inputBytes, filesPerRun: perRun },
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
        feeds.push([
          name,
          { type, dims: shape.dims, data: unpackTensor({ type, dims: shape.dims, data: bytes.buffer }).data },
        ])
      }
      return { index, feeds: Object.fromEntries(feeds), samples: own }
    },
  }
}

/**
 * Each run has the shapes of its own files, which must be .npy and whole inputs: ais_bench's `auto_set` modes.
 * @throws DatasetError `DATASET_INVALID`
 */
export async function requestsOfShapedFiles(
  paths: readonly string[],
  inputs: readonly TensorMetadata[],
  { results }: Pick<FileOptions, 'results'>,
): Promise<RequestSource & { readonly batches: readonly number[] }> {
  const lists = await filesByInput(
    paths,
    inputs.map(({ name }) => name),
  )
  if (results === 'kept') checkStems(lists[0]!)
  const [first] = lists as [readonly string[]]
  const batches: number[] = []
  for (const path of first) batches.push((await shapedArray(path, inputs[0]!)).dims[0] ?? 1)
  return {
    count: first.length,
    samplesPerRequest: 1,
    isDivisible: true,
    batches,
    async at(index) {
      const files = lists.map(list => list[index]!)
      const feeds = inputs.map(async (input, place) => {
        const { name, type } = input
        const { dims, elements } = await shapedArray(files[place]!, input)
        // Of its own, so that the elements are where their size wants them.
        const { buffer } = Uint8Array.from(elements)
        return [name, { type, dims, data: unpackTensor({ type, dims, data: buffer }).data }] as const
      })
      return { index, feeds: Object.fromEntries(await Promise.all(feeds)), samples: [files] }
    },
  }
}

async function shapedArray(
  path: string,
  { name, type }: TensorMetadata,
): Promise<{ readonly dims: readonly number[]; readonly elements: Buffer }> {
  const invalid = (found: string): DatasetError =>
    new DatasetError(
      'DATASET_INVALID',
      `${path} ${found}; shapes are taken from .npy files that are whole inputs, without --auto_set_dymshape_mode and --auto_set_dymdims_mode others are welcome`,
      { path, input: name },
    )
  if (!/\.npy$/i.test(path)) throw invalid('is no .npy file and has no shape')
  const { dims, elements } = readNpy(await bytesOfFile(path), path)
  if (dims === null) throw invalid('does not tell its shape')
  const expected = elementCount(type, dims) * bytesPerElement(type)
  if (elements.length === expected) return { dims, elements }
  throw invalid(
    `holds ${elements.length} bytes, and input "${name}" (${type}) of its shape [${dims.join(', ')}] takes ${expected}`,
  )
}

export function bytesOfInput({ input, dims }: InputShape): number {
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
      : 'it must be that, or the share of one or some items of its batch'
  return new SessionError(
    'INPUT_SHAPE',
    `${path} holds ${found} bytes, and input "${name}" (${type}, [${shape.dims.join(', ')}]) takes ${bytesOfInput(shape)}: ${advice}`,
    { path, input: name, fileBytes: found, inputBytes: bytesOfInput(shape) },
  )
}

const largestBytes = 2 ** 31 - 1

async function elementsOf(path: string): Promise<Buffer> {
  const bytes = await bytesOfFile(path)
  return /\.npy$/i.test(path) ? readNpy(bytes, path).elements : bytes
}

async function bytesOfFile(path: string): Promise<Buffer> {
  try {
    return await readInputFile(path, largestBytes)
  } catch (error) {
    throw new DatasetError('DATASET_INVALID', errorMessage(error), { path }, { cause: error })
  }
}

async function filesByInput(
  paths: readonly string[],
  names: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const kinds = await Promise.all(paths.map(kindOf))
  const inputs = names.length
  const named = names.join(', ')
  const invalid = (message: string): DatasetError =>
    new DatasetError('DATASET_INVALID', message, { paths: [...paths] })
  if (kinds.every(kind => kind === 'folder')) {
    if (paths.length !== inputs) {
      throw invalid(
        `${paths.length} input folder(s) given, and the model's inputs are ${named}: give a folder for each, in this order`,
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
      `${paths.length} file(s) given, which do not come out even for the model's inputs, ${named}: give all of the first input, then all of the second`,
    )
  }
  const each = paths.length / inputs
  return names.map((_, index) => paths.slice(index * each, (index + 1) * each))
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
  // Names that differ by leading zeros only are equal to the collator.
  const order = (one: string, other: string): number => natural.compare(one, other) || (one < other ? -1 : 1)
  return names.sort(order).map(name => join(folder, name))
}

/**
 * Results of two files must not be written to one name.
 * @throws DatasetError `DATASET_INVALID`
 */
function checkStems(paths: readonly string[]): void {
  const known = new Map<string, string>()
  for (const path of paths) {
    const other = known.get(stemOf(path))
    if (other !== undefined && other !== path) {
      throw new DatasetError(
        'DATASET_INVALID',
        `results of ${other} and ${path} would have one name, ${stemOf(path)}_0: files are told apart up to the first dot of their names; rename one`,
        { paths: [other, path] },
      )
    }
    known.set(stemOf(path), path)
  }
}

/** What results of a file are called after: its name up to the first dot. */
export function stemOf(path: string): string {
  return basename(path).split('.', 1)[0]!
}
