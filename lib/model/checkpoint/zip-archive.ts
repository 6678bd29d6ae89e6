/**
 * The zip container of a checkpoint, read defensively: sizes come from headers an attacker may have written, so each is
 * held against the file before anything is allocated. Structure: PKWARE APPNOTE 6.3.10. The walk is our own because
 * fflate's, which does the inflating, gives neither checksums nor positions and checks neither.
 */
import { crc32 } from 'node:zlib'
import { inflateSync } from 'fflate'
import { ModelError } from '../../errors'

export interface ZipArchive {
  readonly names: readonly string[]
  has(name: string): boolean
  /** Stored entries are views into the archive's bytes. @throws ModelError `CHECKPOINT_INVALID` */
  read(name: string): Uint8Array
}

interface Entry {
  readonly name: string
  readonly method: number
  readonly checksum: number
  readonly compressedSize: number
  readonly size: number
  readonly headerOffset: number
}

interface LocatedEntry extends Entry {
  readonly dataOffset: number
}

const endSignature = 0x06054b50
const end64Signature = 0x06064b50
const locator64Signature = 0x07064b50
const centralSignature = 0x02014b50
const localSignature = 0x04034b50

const endSize = 22
const locator64Size = 20
const end64Size = 56
const centralSize = 46
const localSize = 30

const stored = 0
const deflated = 8

/** An AASIST checkpoint has 229 tensors and half a dozen other entries; optimizer state triples that. */
const mostEntries = 10_000
/** Deflate cannot expand more than this (RFC 1951: 258 bytes from 2 bits). */
const largestExpansion = 1032
/** torch stores; only a checkpoint that somebody zipped again is deflated. AASIST holds 1.2 MB. */
const mostInflatedBytes = 16 * 2 ** 20

/** @throws ModelError `CHECKPOINT_INVALID` when the archive is damaged, encrypted, or contradicts itself */
export function openZip(bytes: Uint8Array): ZipArchive {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries = new Map<string, LocatedEntry>()
  const directory = findDirectory(view)
  for (const entry of readDirectory(bytes, view, directory)) {
    if (entries.has(entry.name)) {
      throw damaged(
        `it has two entries named ${quoted(entry.name)}, and readers may differ in which they take`,
      )
    }
    entries.set(entry.name, locate(bytes, view, entry, directory.offset))
  }
  refuseOverlaps([...entries.values()])
  // torch.serialization.set_crc32_options(False) writes zeros for every checksum.
  const checked = [...entries.values()].some(entry => entry.checksum !== 0)
  let inflatedBytes = 0

  return {
    names: [...entries.keys()],
    has: name => entries.has(name),
    read(name) {
      const entry = entries.get(name)
      if (entry === undefined) throw damaged(`it has no entry ${quoted(name)}`)
      const compressed = bytes.subarray(entry.dataOffset, entry.dataOffset + entry.compressedSize)
      if (entry.method === deflated) {
        inflatedBytes += entry.size
        if (inflatedBytes > mostInflatedBytes) {
          throw damaged(
            `its entries inflate to more than ${mostInflatedBytes} bytes; torch.save does not compress`,
          )
        }
      }
      const data = entry.method === stored ? compressed : inflate(compressed, entry)
      if (checked && crc32(data) !== entry.checksum) {
        throw damaged(
          `the checksum of ${quoted(name)} is wrong: the file was changed or damaged after it was saved`,
        )
      }
      return data
    },
  }
}

interface Directory {
  readonly offset: number
  readonly size: number
  readonly count: number
}

function findDirectory(view: DataView): Directory {
  const end = findEnd(view)
  if (end === undefined) throw damaged('it has no central directory: the file is cut short')
  const fields = {
    disk: view.getUint16(end + 4, true),
    count: view.getUint16(end + 10, true),
    size: view.getUint32(end + 12, true),
    offset: view.getUint32(end + 16, true),
  }
  if (fields.disk !== 0 && fields.disk !== 0xffff) throw damaged('it is one part of a multi-part archive')
  const locator = end - locator64Size
  const is64 = locator >= 0 && view.getUint32(locator, true) === locator64Signature
  const directory = is64 ? readEnd64(view, locator, fields) : fields
  const directoryEnd = is64 ? readUint64(view, locator + 8) : end
  if (directory.offset + directory.size !== directoryEnd) {
    throw damaged('its central directory is not where its end record says; bytes were added or lost')
  }
  if (directory.count > mostEntries || directory.count * centralSize > directory.size) {
    throw damaged(
      `it claims ${directory.count} entries in ${directory.size} bytes of directory; at most ${mostEntries} are read`,
    )
  }
  return directory
}

function findEnd(view: DataView): number | undefined {
  const longestComment = 0xffff
  const last = view.byteLength - endSize
  for (let at = last; at >= Math.max(0, last - longestComment); at--) {
    if (view.getUint32(at, true) === endSignature && view.getUint16(at + 20, true) === last - at) return at
  }
  return undefined
}

/** torch always writes the 64-bit end record, and the 32-bit one beside it: they must tell the same story. */
function readEnd64(view: DataView, locator: number, short: Directory): Directory {
  const at = readUint64(view, locator + 8)
  if (at + end64Size > locator || view.getUint32(at, true) !== end64Signature) {
    throw damaged('its zip64 end record is not where the locator says')
  }
  const long = {
    count: readUint64(view, at + 32),
    size: readUint64(view, at + 40),
    offset: readUint64(view, at + 48),
  }
  const agrees =
    [long.count, 0xffff].includes(short.count) &&
    [long.size, 0xffffffff].includes(short.size) &&
    [long.offset, 0xffffffff].includes(short.offset)
  if (!agrees) throw damaged('its two end records disagree')
  return long
}

function* readDirectory(bytes: Uint8Array, view: DataView, directory: Directory): Generator<Entry> {
  const end = directory.offset + directory.size
  let at = directory.offset
  for (let index = 0; index < directory.count; index++) {
    if (at + centralSize > end || view.getUint32(at, true) !== centralSignature) {
      throw damaged(`entry ${index} of its central directory is not one`)
    }
    const nameSize = view.getUint16(at + 28, true)
    const extraSize = view.getUint16(at + 30, true)
    const next = at + centralSize + nameSize + extraSize + view.getUint16(at + 32, true)
    if (next > end) throw damaged(`entry ${index} of its central directory runs past the end`)
    const name = decodeName(bytes, at + centralSize, nameSize)
    const extra = new DataView(bytes.buffer, bytes.byteOffset + at + centralSize + nameSize, extraSize)
    const method = view.getUint16(at + 10, true)
    if ((view.getUint16(at + 8, true) & 1) !== 0) throw damaged(`its entry ${quoted(name)} is encrypted`)
    if (method !== stored && method !== deflated) {
      throw damaged(
        `its entry ${quoted(name)} is compressed by method ${method}; only stored and deflate are read`,
      )
    }
    const [size, compressedSize, headerOffset] = widen(name, extra, [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ])
    yield { name, method, checksum: view.getUint32(at + 16, true), compressedSize, size, headerOffset }
    at = next
  }
  if (at !== end) throw damaged('its central directory holds more than the entries it counts')
}

/** Replaces each 0xffffffff by the next value of the zip64 extra field (APPNOTE 4.5.3). */
function widen(
  name: string,
  extra: DataView,
  [size, compressedSize, offset]: readonly [number, number, number],
): [size: number, compressedSize: number, offset: number] {
  let field = 0
  while (field + 4 <= extra.byteLength && extra.getUint16(field, true) !== 1) {
    field += 4 + extra.getUint16(field + 2, true)
  }
  let at = field + 4
  const fieldEnd = at <= extra.byteLength ? at + extra.getUint16(field + 2, true) : 0
  const widened = (value: number): number => {
    if (value !== 0xffffffff) return value
    if (at + 8 > Math.min(fieldEnd, extra.byteLength))
      throw damaged(`entry ${quoted(name)} lacks its zip64 sizes`)
    at += 8
    return readUint64(extra, at - 8)
  }
  return [widened(size), widened(compressedSize), widened(offset)]
}

/** Finds the entry's bytes by its local header, and holds every claimed size against what is there. */
function locate(bytes: Uint8Array, view: DataView, entry: Entry, limit: number): LocatedEntry {
  const { name, headerOffset, method, compressedSize, size } = entry
  if (headerOffset + localSize > limit || view.getUint32(headerOffset, true) !== localSignature) {
    throw damaged(`its entry ${quoted(name)} is not where the directory says`)
  }
  const nameSize = view.getUint16(headerOffset + 26, true)
  const dataOffset = headerOffset + localSize + nameSize + view.getUint16(headerOffset + 28, true)
  if (dataOffset + compressedSize > limit) {
    throw damaged(`its entry ${quoted(name)} claims ${compressedSize} bytes, more than the file holds`)
  }
  if (
    view.getUint16(headerOffset + 8, true) !== method ||
    decodeName(bytes, headerOffset + localSize, nameSize) !== name
  ) {
    throw damaged(`the directory and the local header of ${quoted(name)} disagree`)
  }
  if (method === stored ? size !== compressedSize : size > compressedSize * largestExpansion) {
    throw damaged(`its entry ${quoted(name)} claims ${size} bytes from ${compressedSize}, which cannot be`)
  }
  return { ...entry, dataOffset }
}

/** Entries that share bytes are how a small archive pretends to be a large one. */
function refuseOverlaps(entries: readonly LocatedEntry[]): void {
  let end = 0
  for (const entry of [...entries].sort((a, b) => a.headerOffset - b.headerOffset)) {
    if (entry.headerOffset < end) throw damaged(`its entry ${quoted(entry.name)} overlaps another`)
    end = entry.dataOffset + entry.compressedSize
  }
}

function inflate(compressed: Uint8Array, { name, size }: Entry): Uint8Array {
  let data: Uint8Array
  try {
    // fflate drops what does not fit into `out`: one byte more tells "exactly" from "at least".
    data = inflateSync(compressed, { out: new Uint8Array(size + 1) })
  } catch (error) {
    throw damaged(`its entry ${quoted(name)} cannot be inflated`, error)
  }
  if (data.length !== size)
    throw damaged(`its entry ${quoted(name)} does not inflate to the ${size} bytes it claims`)
  return data
}

function readUint64(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true))
  if (!Number.isSafeInteger(value)) throw damaged('it claims sizes beyond any file')
  return value
}

function decodeName(bytes: Uint8Array, at: number, size: number): string {
  return new TextDecoder().decode(bytes.subarray(at, at + size))
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
}

function damaged(found: string, cause?: unknown): ModelError {
  return new ModelError(
    'CHECKPOINT_INVALID',
    `the checkpoint's zip archive cannot be read: ${found}. Download or copy the file again`,
    {},
    cause === undefined ? undefined : { cause },
  )
}
