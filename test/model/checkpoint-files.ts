/**
 * Checkpoints made byte by byte, honest and otherwise. Independent of the reader: instruction codes are those of
 * CPython's pickletools.py, record layouts those of the zip APPNOTE.
 */
import { crc32 } from 'node:zlib'
import type { Checkpoint } from '../../lib/model/checkpoint/checkpoint'

/** Strings stand for their Latin-1 bytes. */
export type Bytes = string | number | Uint8Array | readonly Bytes[]

export function joinBytes(...parts: readonly Bytes[]): Uint8Array {
  return Buffer.concat(parts.map(toBuffer))
}

function toBuffer(part: Bytes): Uint8Array {
  if (typeof part === 'string') return Buffer.from(part, 'latin1')
  if (typeof part === 'number') return Uint8Array.of(part)
  return part instanceof Uint8Array ? part : Buffer.concat(part.map(toBuffer))
}

export function uint16(value: number): Uint8Array {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

export function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

export function uint64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

/** Instructions of protocol 2 that leave one value on the stack. */
export const pickle = {
  text: (value: string): Bytes => {
    const bytes = Buffer.from(value)
    return ['X', uint32(bytes.length), bytes]
  },
  /** LONG1, so that any size can be claimed. */
  int: (value: number): Bytes => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(value))
    return ['\x8a\x08', bytes]
  },
  global: (module: string, name: string): Bytes => `c${module}\n${name}\n`,
  stackGlobal: (module: string, name: string): Bytes => [pickle.text(module), pickle.text(name), '\x93'],
  tuple: (...items: readonly Bytes[]): Bytes => ['(', items, 't'],
  ints: (values: readonly number[]): Bytes => pickle.tuple(...values.map(value => pickle.int(value))),
  call: (target: Bytes, ...args: readonly Bytes[]): Bytes => [target, pickle.tuple(...args), 'R'],
  dict: (entries: readonly (readonly [key: string, value: Bytes])[]): Bytes => [
    '}(',
    entries.map(([key, value]) => [pickle.text(key), value]),
    'u',
  ],
  orderedDict: (entries: readonly (readonly [key: string, value: Bytes])[]): Bytes => [
    'ccollections\nOrderedDict\n)R(',
    entries.map(([key, value]) => [pickle.text(key), value]),
    'u',
  ],
  storage: (type: string, key: string, count: number): Bytes => [
    pickle.tuple(
      pickle.text('storage'),
      pickle.global('torch', type),
      pickle.text(key),
      pickle.text('cpu'),
      pickle.int(count),
    ),
    'Q',
  ],
  tensor: ({ storage, offset = 0, shape, strides, rest = [] }: TensorPickle): Bytes =>
    pickle.call(
      pickle.global('torch._utils', '_rebuild_tensor_v2'),
      storage,
      pickle.int(offset),
      pickle.ints(shape),
      pickle.ints(strides ?? rowMajor(shape)),
      '\x89',
      pickle.orderedDict([]),
      ...rest,
    ),
  program: (...body: readonly Bytes[]): Uint8Array => joinBytes('\x80\x02', body, '.'),
}

export interface TensorPickle {
  readonly storage: Bytes
  readonly offset?: number
  readonly shape: readonly number[]
  readonly strides?: readonly number[]
  /** Arguments after backward_hooks. */
  readonly rest?: readonly Bytes[]
}

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))
}

export function float32Bytes(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer)
}

export interface ZipEntry {
  readonly name: string
  /** What lies in the archive. */
  readonly data: Uint8Array
  /** 0 stored (default), 8 deflated. */
  readonly method?: number
  /** What the headers say about it; the truth by default, for which deflated entries need `size` and `checksum`. */
  readonly size?: number
  readonly compressedSize?: number
  readonly checksum?: number
  readonly flags?: number
  readonly localName?: string
  readonly headerOffset?: number
  /** Write the central sizes as a zip64 extra field. */
  readonly wide?: boolean
}

export interface ZipOptions {
  /** Zip64 end record and locator, as torch writes them. */
  readonly end64?: boolean
  readonly claimedCount?: number
  readonly directoryOffset?: number
  readonly comment?: string
}

/** Says: see the 64-bit field. */
const all = 0xffffffff

export function zipFile(entries: readonly ZipEntry[], options: ZipOptions = {}): Uint8Array {
  const locals: Uint8Array[] = []
  const centrals: Uint8Array[] = []
  let at = 0
  for (const entry of entries) {
    const { name, data, method = 0, flags = 0, wide = false } = entry
    const { size = data.length, compressedSize = data.length, checksum = crc32(data) } = entry
    const localName = entry.localName ?? name
    const common = [uint16(20), uint16(flags), uint16(method), uint32(0), uint32(checksum)]
    const sizes = wide ? [uint32(all), uint32(all)] : [uint32(compressedSize), uint32(size)]
    const local = joinBytes('PK\x03\x04', common, sizes, uint16(localName.length), uint16(0), localName, data)
    const headerOffset = entry.headerOffset ?? at
    const extra = wide
      ? joinBytes(uint16(1), uint16(24), uint64(size), uint64(compressedSize), uint64(headerOffset))
      : joinBytes()
    centrals.push(
      joinBytes('PK\x01\x02', uint16(20), common, sizes),
      joinBytes(uint16(name.length), uint16(extra.length), uint16(0), uint16(0), uint16(0), uint32(0)),
      joinBytes(uint32(wide ? all : headerOffset), name, extra),
    )
    locals.push(local)
    at += local.length
  }
  const directory = joinBytes(centrals)
  const { claimedCount = entries.length, directoryOffset = at, comment = '' } = options
  const end64At = at + directory.length
  const end64 = joinBytes(
    ['PK\x06\x06', uint64(44), uint16(45), uint16(45), uint32(0), uint32(0)],
    [uint64(claimedCount), uint64(claimedCount), uint64(directory.length), uint64(directoryOffset)],
    ['PK\x06\x07', uint32(0), uint64(end64At), uint32(1)],
  )
  return joinBytes(
    locals,
    directory,
    options.end64 === true ? end64 : [],
    ['PK\x05\x06', uint16(0), uint16(0), uint16(claimedCount), uint16(claimedCount)],
    [uint32(directory.length), uint32(directoryOffset), uint16(comment.length), comment],
  )
}

/** A checkpoint with this pickle and these storages, in the layout of PyTorch 1.6: folder `archive`. */
export function checkpointFile(
  program: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
  extra: readonly ZipEntry[] = [],
): Uint8Array {
  return zipFile([
    { name: 'archive/data.pkl', data: program },
    ...Object.entries(storages).map(([key, data]) => ({ name: `archive/data/${key}`, data })),
    { name: 'archive/version', data: joinBytes('3\n') },
    ...extra,
  ])
}

/** A checkpoint of one tensor, for what is wrong with its description. */
export function oneTensorFile(
  tensor: Partial<TensorPickle>,
  values: readonly number[] = [1, 2, 3, 4],
): Uint8Array {
  const storage = pickle.storage('FloatStorage', '0', values.length)
  const described = pickle.tensor({ storage, shape: [values.length], ...tensor })
  return checkpointFile(pickle.program(pickle.orderedDict([['weight', described]])), {
    0: float32Bytes(values),
  })
}

/** The same tensors as a file of their own: the way to a checkpoint with one thing changed. */
export function stateDictFile(checkpoint: Checkpoint): Uint8Array {
  const storages: Record<string, Uint8Array> = {}
  const entries = [...checkpoint].map(([name, { dtype, shape, data }], index): readonly [string, Bytes] => {
    storages[index] = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const storage = pickle.storage(
      dtype === 'float32' ? 'FloatStorage' : 'LongStorage',
      String(index),
      data.length,
    )
    return [name, pickle.tensor({ storage, shape })]
  })
  return checkpointFile(pickle.program(pickle.orderedDict(entries)), storages)
}
