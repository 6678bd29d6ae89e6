import { AudioError } from '../../errors'

/** How one sample is stored; wider integers and G.711 are brought to what wav-decoder reads exactly. */
export type WavEncoding =
  'unsigned8' | 'int16' | 'int24' | 'int32' | 'float32' | 'float64' | 'mu-law' | 'a-law'

export interface WavLayout {
  readonly encoding: WavEncoding
  readonly sampleRateHz: number
  readonly bitsPerSample: number
  readonly channelCount: number
  readonly bytesPerFrame: number
  /** Where the samples lie in the file, and how many whole frames there are. */
  readonly dataStart: number
  readonly frameCount: number
}

interface Chunk {
  readonly id: string
  readonly size: number
  readonly body: number
}

export type SampleFormat = Omit<WavLayout, 'dataStart' | 'frameCount'>

const LARGEST_CHANNEL_COUNT = 64
/** The largest rate a FLAC STREAMINFO can hold; no converter makes more. */
const LARGEST_SAMPLE_RATE_HZ = 2 ** 20 - 1

/** In RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088) this size means: see the ds64 chunk. In a pipe: unknown. */
const SIZE_ELSEWHERE = 0xffffffff
/**
 * Sizes written before the length was known, by programs that could not seek back: 0 (Python's wave), 2^32 - 1
 * (ffmpeg), 0x7ffff000 (sox) and 2^31 (arecord).
 */
const UNKNOWN_SIZES: readonly number[] = [0, SIZE_ELSEWHERE, 0x7ffff000, 2 ** 31]

const PCM = 0x0001
const FLOAT = 0x0003
const A_LAW = 0x0006
const MU_LAW = 0x0007
const EXTENSIBLE = 0xfffe
/** The last 14 bytes of every KSDATAFORMAT_SUBTYPE identifier that stands for a format tag (mmreg.h). */
const SUBTYPE_TAIL = '000000001000800000aa00389b71'

// mmreg.h, the ones found inside speech files.
const FORMAT_NAMES: Readonly<Record<number, string>> = {
  0x0002: 'Microsoft ADPCM',
  0x0011: 'IMA ADPCM',
  0x0022: 'TrueSpeech',
  0x0031: 'GSM 6.10',
  0x0040: 'G.721 ADPCM',
  0x0042: 'G.723.1',
  0x0045: 'G.726 ADPCM',
  0x0050: 'MPEG audio',
  0x0055: 'MP3',
  0x0064: 'G.726 ADPCM',
  0x0083: 'G.729',
  0x00ff: 'AAC',
  0x0161: 'Windows Media Audio',
  0x0270: 'ATRAC3',
  0x028f: 'G.719',
  0x1610: 'AAC',
  0x2000: 'AC-3',
  0xf1ac: 'FLAC',
}

function corrupt(message: string, detail: Readonly<Record<string, unknown>> = {}): AudioError {
  return new AudioError('AUDIO_CORRUPT', message, detail)
}

function truncated(message: string, detail: Readonly<Record<string, unknown>> = {}): AudioError {
  return new AudioError('AUDIO_TRUNCATED', `${message}; copy or download the file again`, detail)
}

function unsupported(what: string, detail: Readonly<Record<string, unknown>>): AudioError {
  return new AudioError(
    'AUDIO_UNSUPPORTED',
    `WAV holding ${what}; expected PCM, float, mu-law or A-law: convert it, for example with ffmpeg -i in -c:a pcm_s16le out.wav`,
    detail,
  )
}

function encodingOf(tag: number, bitsPerSample: number): WavEncoding | undefined {
  if (tag === PCM) {
    if (bitsPerSample < 8 || bitsPerSample > 32) return undefined
    // The WAVE format keeps odd widths left-justified in whole bytes, so 12 bits read as 16 are right.
    return (['unsigned8', 'int16', 'int24', 'int32'] as const)[Math.ceil(bitsPerSample / 8) - 1]
  }
  if (tag === FLOAT) return bitsPerSample === 32 ? 'float32' : bitsPerSample === 64 ? 'float64' : undefined
  if (bitsPerSample !== 8) return undefined
  return tag === MU_LAW ? 'mu-law' : tag === A_LAW ? 'a-law' : undefined
}

function extensibleTag(view: DataView, chunk: Chunk): number {
  if (chunk.size < 40) {
    throw corrupt(`the fmt chunk of WAVE_FORMAT_EXTENSIBLE has ${chunk.size} bytes; expected 40`)
  }
  const guid = Buffer.from(view.buffer, view.byteOffset + chunk.body + 24, 16)
  if (guid.toString('hex', 2) !== SUBTYPE_TAIL) {
    throw unsupported(`the sub-format ${guid.toString('hex')}`, { subFormat: guid.toString('hex') })
  }
  return guid.readUInt16LE(0)
}

function readFormat(view: DataView, chunk: Chunk): SampleFormat {
  if (chunk.size < 16) throw corrupt(`the fmt chunk has ${chunk.size} bytes; expected at least 16`)
  const outerTag = view.getUint16(chunk.body, true)
  const channelCount = view.getUint16(chunk.body + 2, true)
  const sampleRateHz = view.getUint32(chunk.body + 4, true)
  const bytesPerFrame = view.getUint16(chunk.body + 12, true)
  const bitsPerSample = view.getUint16(chunk.body + 14, true)
  const tag = outerTag === EXTENSIBLE ? extensibleTag(view, chunk) : outerTag

  const isKnownTag = tag === PCM || tag === FLOAT || tag === MU_LAW || tag === A_LAW
  if (!isKnownTag) {
    const name = FORMAT_NAMES[tag] ?? 'an unknown encoding'
    throw unsupported(`${name} (format tag 0x${tag.toString(16).padStart(4, '0')})`, { formatTag: tag })
  }
  if (channelCount < 1 || channelCount > LARGEST_CHANNEL_COUNT) {
    throw corrupt(`the header claims ${channelCount} channels; expected 1 to ${LARGEST_CHANNEL_COUNT}`)
  }
  if (sampleRateHz < 1 || sampleRateHz > LARGEST_SAMPLE_RATE_HZ) {
    throw corrupt(
      `the header claims a sample rate of ${sampleRateHz} Hz; expected 1 to ${LARGEST_SAMPLE_RATE_HZ}`,
    )
  }
  if (bitsPerSample === 0) throw corrupt('the header claims 0 bits per sample')
  const encoding = encodingOf(tag, bitsPerSample)
  if (encoding === undefined) {
    const kind = tag === PCM ? 'integer' : tag === FLOAT ? 'float' : 'G.711'
    throw unsupported(`${bitsPerSample}-bit ${kind} samples`, { formatTag: tag, bitsPerSample })
  }
  const expectedBytes = channelCount * Math.ceil(bitsPerSample / 8)
  if (bytesPerFrame !== expectedBytes) {
    throw corrupt(
      `the header claims ${bytesPerFrame} bytes per frame; ${channelCount} x ${bitsPerSample} bits make ${expectedBytes}`,
    )
  }
  return { encoding, sampleRateHz, bitsPerSample, channelCount, bytesPerFrame }
}

function chunkAt(view: DataView, at: number): Chunk {
  const id = Buffer.from(view.buffer, view.byteOffset + at, 4).toString('latin1')
  return { id, size: view.getUint32(at + 4, true), body: at + 8 }
}

/** The 64-bit data size of a ds64 chunk, Infinity where it was never filled in. */
function longDataSize(view: DataView, chunk: Chunk): number {
  if (chunk.size < 24) throw corrupt(`the ds64 chunk has ${chunk.size} bytes; expected at least 24`)
  const size = view.getBigUint64(chunk.body + 8, true)
  return size === 0n || size === 0xffffffffffffffffn ? Infinity : Number(size)
}

/** How many bytes of samples the file says it has; Infinity where it was written into a pipe and cannot know. */
function claimedDataSize(view: DataView, start: number, data: Chunk, longSize: number | undefined): number {
  if (longSize !== undefined && data.size === SIZE_ELSEWHERE) return longSize
  if (!UNKNOWN_SIZES.includes(data.size)) return data.size
  // An empty data chunk under a header that was completed is empty, whatever chunks follow it.
  const isComplete = view.getUint32(start + 4, true) === view.byteLength - start - 8
  return data.size === 0 && isComplete ? 0 : Infinity
}

function frameCountOf(view: DataView, data: Chunk, claimed: number, format: SampleFormat): number {
  const present = view.byteLength - data.body
  if (claimed !== Infinity && claimed > present) {
    throw truncated(`the data chunk claims ${claimed} bytes but the file holds ${present} of them`, {
      claimedBytes: claimed,
      presentBytes: present,
    })
  }
  const size = Math.min(claimed, present)
  const rest = size % format.bytesPerFrame
  if (rest === 0) return size / format.bytesPerFrame
  if (claimed !== Infinity) {
    throw corrupt(
      `the data chunk has ${size} bytes, which is no whole number of ${format.bytesPerFrame}-byte frames`,
    )
  }
  // Behind an odd number of bytes a pad byte is the rule, also in a pipe.
  const isPad = rest === 1 && size % 2 === 0 && view.getUint8(view.byteLength - 1) === 0
  if (!isPad) throw truncated(`the file ends inside a frame: ${rest} of ${format.bytesPerFrame} bytes`)
  return (size - 1) / format.bytesPerFrame
}

/**
 * Walks the chunks of a RIFF, RF64 or BW64 file up to its samples. Sizes are only believed where the file bears them
 * out; what follows the data chunk is not looked at.
 * @throws AudioError `AUDIO_CORRUPT`, `AUDIO_TRUNCATED`, `AUDIO_UNSUPPORTED`
 */
export function readWavLayout(bytes: Uint8Array, start: number): WavLayout {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isLong = chunkAt(view, start).id !== 'RIFF'
  let format: SampleFormat | undefined
  let longSize: number | undefined
  let at = start + 12
  while (at + 8 <= view.byteLength) {
    const chunk = chunkAt(view, at)
    if (chunk.id === 'data') {
      const known = withFormat(format, isLong, longSize)
      const claimed = claimedDataSize(view, start, chunk, longSize)
      return { ...known, dataStart: chunk.body, frameCount: frameCountOf(view, chunk, claimed, known) }
    }
    if (chunk.body + chunk.size > view.byteLength) {
      throw truncated(
        `the file ends inside its "${printable(chunk.id)}" chunk, which claims ${chunk.size} bytes`,
      )
    }
    if (chunk.id === 'fmt ') format = readFormat(view, chunk)
    if (chunk.id === 'ds64') longSize = longDataSize(view, chunk)
    at = chunk.body + chunk.size + (chunk.size % 2)
  }
  throw truncated(`the file ends after ${bytes.length} bytes without a data chunk`)
}

/** What stands in front of the samples. */
export interface WavHead extends SampleFormat {
  readonly dataStart: number
  /** As claimed, so nobody has seen them yet; Infinity where the length was not known when the header was written. */
  readonly dataBytes: number
}

/**
 * {@link readWavLayout} for the beginning of a file: `cut` where it ends before the samples. `fileBytes`: of the whole
 * file, undefined where nobody knows.
 * @throws AudioError `AUDIO_CORRUPT`, `AUDIO_UNSUPPORTED`
 */
export function readWavHead(bytes: Uint8Array, fileBytes: number | undefined): WavHead | 'cut' {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 20) return 'cut'
  const isLong = chunkAt(view, 0).id !== 'RIFF'
  let format: SampleFormat | undefined
  let longSize: number | undefined
  for (let at = 12; at + 8 <= view.byteLength;) {
    const chunk = chunkAt(view, at)
    if (chunk.id === 'data') {
      const head = withFormat(format, isLong, longSize)
      return { ...head, dataStart: chunk.body, dataBytes: streamedDataSize(view, chunk, longSize, fileBytes) }
    }
    if (chunk.body + chunk.size > view.byteLength) return 'cut'
    if (chunk.id === 'fmt ') format = readFormat(view, chunk)
    if (chunk.id === 'ds64') longSize = longDataSize(view, chunk)
    at = chunk.body + chunk.size + (chunk.size % 2)
  }
  return 'cut'
}

function withFormat(
  format: SampleFormat | undefined,
  isLong: boolean,
  longSize: number | undefined,
): SampleFormat {
  if (format === undefined) throw corrupt('the data chunk comes before any fmt chunk')
  if (isLong && longSize === undefined) throw corrupt('an RF64 file without its ds64 chunk')
  return format
}

function streamedDataSize(
  view: DataView,
  data: Chunk,
  longSize: number | undefined,
  fileBytes: number | undefined,
): number {
  if (longSize !== undefined && data.size === SIZE_ELSEWHERE) return longSize
  // An empty data chunk under a header that was completed is empty, whatever chunks follow it.
  const isEmpty = data.size === 0 && fileBytes !== undefined && view.getUint32(4, true) === fileBytes - 8
  return UNKNOWN_SIZES.includes(data.size) && !isEmpty ? Infinity : data.size
}

function printable(id: string): string {
  return id.replace(/[^\x20-\x7e]/g, '?')
}
