import { AudioError } from '../errors'

/** What a file is, told from its first bytes; `start` is where the container begins, behind any ID3v2 tags. */
export type Content =
  | { readonly container: 'wav' | 'flac'; readonly start: number }
  | { readonly container: 'other'; readonly description: string }

type Signature = readonly [
  description: string,
  ...parts: readonly (readonly [offset: number, bytes: string])[],
]

// Formats a speech pipeline meets under a .wav or .flac name. Bytes are Latin-1 characters.
const signatures: readonly Signature[] = [
  ['big-endian WAV (RIFX)', [0, 'RIFX']],
  ['an AVI video', [0, 'RIFF'], [8, 'AVI ']],
  ['a WebP image', [0, 'RIFF'], [8, 'WEBP']],
  ['a RIFF file that is not WAVE', [0, 'RIFF']],
  ['Sony Wave64', [0, 'riff\x2e\x91\xcf\x11']],
  ['AIFF', [0, 'FORM'], [8, 'AIFF']],
  ['AIFF-C', [0, 'FORM'], [8, 'AIFC']],
  ['Core Audio (CAF)', [0, 'caff']],
  ['Sun/NeXT audio (AU)', [0, '.snd']],
  ['NIST SPHERE', [0, 'NIST_1A']],
  ['Ogg FLAC', [0, 'OggS'], [28, '\x7fFLAC']],
  ['Ogg Vorbis', [0, 'OggS'], [28, '\x01vorbis']],
  ['Ogg Opus', [0, 'OggS'], [28, 'OpusHead']],
  ['Ogg Speex', [0, 'OggS'], [28, 'Speex   ']],
  ['Ogg', [0, 'OggS']],
  ['M4A (AAC or ALAC in MP4)', [4, 'ftypM4A']],
  ['3GP', [4, 'ftyp3gp']],
  ['MP4', [4, 'ftyp']],
  ['WavPack', [0, 'wvpk']],
  ["Monkey's Audio", [0, 'MAC ']],
  ['True Audio', [0, 'TTA1']],
  ['AMR', [0, '#!AMR']],
  ['SILK', [0, '#!SILK']],
  ['SILK', [1, '#!SILK']],
  ['Windows Media (ASF)', [0, '\x30\x26\xb2\x75\x8e\x66\xcf\x11']],
  ['Matroska or WebM', [0, '\x1a\x45\xdf\xa3']],
  ['MIDI', [0, 'MThd']],
  ['gzip', [0, '\x1f\x8b']],
  ['a zip archive', [0, 'PK\x03\x04']],
  ['PDF', [0, '%PDF']],
  ['a PNG image', [0, '\x89PNG']],
  ['a JPEG image', [0, '\xff\xd8\xff']],
  ['a NumPy array', [0, '\x93NUMPY']],
  ['a Git LFS pointer, not the file it stands for', [0, 'version https://git-lfs']],
]

const wavSignatures: readonly Signature[] = ['RIFF', 'RF64', 'BW64'].map(id => ['WAV', [0, id], [8, 'WAVE']])

function holds(bytes: Uint8Array, start: number, [, ...parts]: Signature): boolean {
  return parts.every(([offset, text]) => {
    for (let i = 0; i < text.length; i++) {
      if (bytes[start + offset + i] !== text.charCodeAt(i)) return false
    }
    return true
  })
}

/** A tag's whole size by its own header, or undefined where there is none (ID3v2.4 structure, section 3.1). */
function id3v2Size(bytes: Uint8Array, start: number): number | undefined {
  if (bytes.length < start + 10 || !holds(bytes, start, ['ID3', [0, 'ID3']])) return undefined
  const sizeBytes = bytes.subarray(start + 6, start + 10)
  if (sizeBytes.some(byte => byte > 0x7f)) return undefined
  const size = sizeBytes.reduce((sum, byte) => sum * 128 + byte, 0)
  return 10 + size + ((bytes[start + 5]! & 0x10) !== 0 ? 10 : 0)
}

function isMpegAudio(bytes: Uint8Array, start: number): string | undefined {
  if (bytes.length < start + 3 || bytes[start] !== 0xff) return undefined
  const second = bytes[start + 1]!
  const third = bytes[start + 2]!
  if ((second & 0xf6) === 0xf0) return 'AAC (ADTS)'
  const version = (second >> 3) & 3
  const layer = (second >> 1) & 3
  const impossible = version === 1 || layer === 0 || third >> 4 === 15 || ((third >> 2) & 3) === 3
  if ((second & 0xe0) !== 0xe0 || impossible) return undefined
  return layer === 1 ? 'MP3' : 'MPEG audio'
}

function describeText(bytes: Uint8Array, start: number): string | undefined {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, start + 512), {
      stream: true,
    })
  } catch {
    return undefined
  }
  // Control characters are what tells binary data from text.
  if (!/^[\P{Cc}\s]*$/u.test(text)) return undefined
  const opening = text.trimStart().toLowerCase()
  if (/^<(!doctype html|html|head|body)/.test(opening)) return 'an HTML page'
  if (opening.startsWith('<?xml')) return 'XML'
  return /^[{[]/.test(opening) ? 'JSON' : 'text'
}

function describe(bytes: Uint8Array, start: number): string {
  const signature = signatures.find(candidate => holds(bytes, start, candidate))
  if (signature !== undefined) return signature[0]
  if (bytes.subarray(start, start + 4096).every(byte => byte === 0)) return 'zero bytes only'
  const known = isMpegAudio(bytes, start) ?? describeText(bytes, start)
  if (known !== undefined) return known
  const head = Buffer.from(bytes.subarray(start, start + 4)).toString('hex')
  return `unknown data (it begins with the bytes ${head})`
}

/** True where the whole file is the beginning of a WAV or FLAC signature: there is nothing to tell it apart by. */
function isCutSignature(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
  if (text.length < 4) return ['RIFF', 'RF64', 'BW64', 'fLaC'].some(id => id.startsWith(text))
  return text.length < 12 && /^(RIFF|RF64|BW64)/.test(text) && 'WAVE'.startsWith(text.slice(8))
}

/**
 * Tells WAV and FLAC from everything else by content; names are never looked at.
 * @throws AudioError `AUDIO_EMPTY` for no bytes at all, `AUDIO_TRUNCATED` where the file ends before its kind shows.
 */
export function identify(bytes: Uint8Array): Content {
  if (bytes.length === 0)
    throw new AudioError('AUDIO_EMPTY', 'the file has no bytes; expected WAV or FLAC audio')
  if (isCutSignature(bytes)) {
    throw new AudioError(
      'AUDIO_TRUNCATED',
      `the file ends after ${bytes.length} bytes, inside its signature; copy or download it again`,
      { byteLength: bytes.length },
    )
  }
  let start = 0
  for (let tag = id3v2Size(bytes, 0); tag !== undefined; tag = id3v2Size(bytes, start)) {
    start += tag
    if (start >= bytes.length) {
      throw new AudioError(
        'AUDIO_TRUNCATED',
        `the file ends after ${bytes.length} bytes, inside an ID3 tag that claims ${tag}; copy or download it again`,
        { byteLength: bytes.length, claimedBytes: tag },
      )
    }
  }
  if (wavSignatures.some(signature => holds(bytes, start, signature))) return { container: 'wav', start }
  if (holds(bytes, start, ['FLAC', [0, 'fLaC']])) return { container: 'flac', start }
  const description = describe(bytes, start)
  return {
    container: 'other',
    description: start > 0 && description.startsWith('unknown') ? 'MP3' : description,
  }
}
