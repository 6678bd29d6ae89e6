/** Results of a benchmark's runs as files, one a sample and output, as ais_bench writes them. */
import { join } from 'node:path'
import { writeFileAtomically } from '../dataset'
import { SessionError } from '../errors'
import type { Outputs, TypedTensor } from '../session'
import { unpackTensor } from '../session/packed-tensor'
import { bytesOf, npyFile } from './npy'
import { stemOf } from './input-files'
import type { Request } from './requests'

export type OutputFormat = 'BIN' | 'NPY' | 'TXT'

export interface OutputFiles {
  readonly folder: string
  readonly format: OutputFormat
  /** Where the samples of a run stand side by side in its outputs. */
  readonly batchAxis: number
}

/** Which files a sample came from, and which its results are in. */
export interface SampleFiles {
  /** Its number among all samples, from 0. */
  readonly sample: number
  readonly infiles: readonly string[]
  readonly outfiles: readonly string[]
}

export interface RunResults {
  /** In the model's order: an object's is another one where names are numbers, as PyTorch gives them. */
  readonly outputNames: readonly string[]
  readonly outputs: Outputs
  readonly request: Request
  readonly samplesPerRequest: number
}

const madeUpName = 'pure_infer_data'

/** @throws SessionError `INPUT_SHAPE`; DatasetError `OUTPUT_UNWRITABLE` */
export async function writeOutputs(
  { outputNames, outputs, request, samplesPerRequest }: RunResults,
  { folder, format, batchAxis }: OutputFiles,
): Promise<readonly SampleFiles[]> {
  const samples = request.samples.length === 0 ? [[madeUpName]] : request.samples
  const written = samples.map((infiles, place) => ({
    sample: request.index * samplesPerRequest + place,
    infiles,
    outfiles: [] as string[],
  }))
  for (const [index, name] of outputNames.entries()) {
    const parts = split(outputs[name]!, samplesPerRequest, batchAxis)
    for (const [place, { infiles, outfiles }] of written.entries()) {
      const path = join(folder, `${stemOf(infiles[0]!)}_${index}.${format.toLowerCase()}`)
      await writeFileAtomically(path, contentOf(parts[place]!, format))
      outfiles.push(path)
    }
  }
  return written
}

/** Cut into equal parts along an axis. */
function split(tensor: TypedTensor, count: number, axis: number): readonly TypedTensor[] {
  if (count === 1) return [tensor]
  const size = tensor.dims[axis]
  if (size === undefined || size % count !== 0 || !ArrayBuffer.isView(tensor.data)) {
    throw new SessionError(
      'INPUT_SHAPE',
      `an output of shape [${tensor.dims.join(', ')}] cannot be cut into the ${count} files of its run along axis ${axis}; ` +
        'name the axis of the batch (--output_batchsize_axis on the command line), or use files of whole inputs',
      { dims: tensor.dims, axis, files: count },
    )
  }
  const dims = tensor.dims.map((dim, at) => (at === axis ? size / count : dim))
  const inner = tensor.dims.slice(axis + 1).reduce((product, dim) => product * dim, 1)
  const outer = tensor.dims.slice(0, axis).reduce((product, dim) => product * dim, 1)
  const run = (size / count) * inner
  const elementBytes = tensor.data.BYTES_PER_ELEMENT
  const bytes = bytesOf(tensor.data)
  return Array.from({ length: count }, (_, part) => {
    const own = new Uint8Array(outer * run * elementBytes)
    for (let row = 0; row < outer; row += 1) {
      const begin = (row * size * inner + part * run) * elementBytes
      own.set(bytes.subarray(begin, begin + run * elementBytes), row * run * elementBytes)
    }
    return unpackTensor({ type: tensor.type, dims, data: own.buffer })
  })
}

function contentOf(tensor: TypedTensor, format: OutputFormat): string | Uint8Array {
  if (format === 'TXT') return textOf(tensor)
  const elements = bytesOf(tensor.data)
  return format === 'BIN' ? elements : npyFile(tensor.type, tensor.dims, elements)
}

/** A line for each innermost row; C's `%f` for floating-point numbers, `%d` for all others. */
function textOf({ type, dims, data }: TypedTensor): string {
  const isFloat = type === 'float32' || type === 'float64' || type === 'float16'
  const numbers =
    type === 'float16'
      ? Array.from(data, halfToNumber)
      : Array.from<unknown, number | bigint>(data as ArrayLike<number>, value => value as number)
  const width = Math.max(1, dims.at(-1) ?? 1)
  const lines: string[] = []
  for (let at = 0; at < numbers.length; at += width) {
    lines.push(
      numbers
        .slice(at, at + width)
        .map(value => (isFloat ? fixed(value as number) : String(value)))
        .join(' '),
    )
  }
  return `${lines.join('\n')}\n`
}

function fixed(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  // toFixed changes to exponents from 1e21 on, which %f never does.
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
