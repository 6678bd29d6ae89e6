/** NumPy's file format for one array (numpy.lib.format, versions 1 to 3). */
import { ArgumentTypeError, DatasetError } from '../errors'
import type { TensorData, TensorType } from '../session'

const magic = Buffer.from('\x93NUMPY', 'latin1')
/** Headers of arrays take some hundred bytes; numpy itself refuses more than 10,000. */
const longestHeader = 10_000

const descriptors: Readonly<Partial<Record<TensorType, string>>> = {
  float32: '<f4',
  float64: '<f8',
  float16: '<f2',
  int8: '|i1',
  int16: '<i2',
  int32: '<i4',
  int64: '<i8',
  uint8: '|u1',
  uint16: '<u2',
  uint32: '<u4',
  uint64: '<u8',
  bool: '|b1',
}

/** The elements of an array as they are stored, without any conversion; null dims where its header does not tell. */
export interface NpyArray {
  readonly dims: readonly number[] | null
  readonly elements: Buffer
}

/** @throws DatasetError `DATASET_INVALID` for what is no array of plain little-endian elements in C order */
export function readNpy(bytes: Buffer, path: string): NpyArray {
  const invalid = (found: string): DatasetError =>
    new DatasetError('DATASET_INVALID', `${path} cannot be used: ${found}; save it with numpy.save()`, {
      path,
    })
  if (bytes.length < 12 || !bytes.subarray(0, 6).equals(magic)) throw invalid('it is no .npy file')
  const major = bytes[6]!
  if (major < 1 || major > 3) throw invalid(`it has version ${major} of the format`)
  const begin = major === 1 ? 10 : 12
  const headerBytes = major === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8)
  if (headerBytes > longestHeader || begin + headerBytes > bytes.length)
    throw invalid('its header is cut short')
  const header = bytes.toString('latin1', begin, begin + headerBytes)
  const [, descriptor] = /'descr':\s*'([^']*)'/.exec(header) ?? []
  if (descriptor === undefined) throw invalid('its elements are structures or objects')
  if (/^>|O/.test(descriptor)) throw invalid(`its elements are ${descriptor}, not plain and little-endian`)
  if (/'fortran_order':\s*True/.test(header)) throw invalid('its elements are in Fortran order')
  const [, shape] = /'shape':\s*\(([\d,\s]*)\)/.exec(header) ?? []
  const dims = shape?.split(',').flatMap(text => (text.trim() === '' ? [] : [Number(text)])) ?? null
  if (dims?.every(Number.isSafeInteger) === false) throw invalid(`its shape is (${shape})`)
  return { dims, elements: bytes.subarray(begin + headerBytes) }
}

/** An array as numpy.save() writes it. */
export function npyFile(type: TensorType, dims: readonly number[], elements: Uint8Array): Uint8Array {
  const descriptor = descriptors[type]
  if (descriptor === undefined) throw new ArgumentTypeError(`NumPy has no ${type}; write results as BIN`)
  const shape = dims.length === 1 ? `${dims[0]!},` : dims.join(', ')
  const header = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': (${shape}), }`
  // Elements begin at a multiple of 64.
  const headerBytes = Math.ceil((10 + header.length + 1) / 64) * 64 - 10
  const front = Buffer.alloc(10)
  magic.copy(front)
  front[6] = 1
  front.writeUInt16LE(headerBytes, 8)
  return Buffer.concat([front, Buffer.from(`${header.padEnd(headerBytes - 1)}\n`, 'latin1'), elements])
}

/** The bytes of a tensor's elements. */
export function bytesOf(data: TensorData): Buffer {
  if (!ArrayBuffer.isView(data))
    throw new ArgumentTypeError('text has no bytes of its own; write results as TXT')
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}
