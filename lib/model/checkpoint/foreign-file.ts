/** What a file that is no zip checkpoint looks like, and what its owner can do about it. */

interface ForeignFile {
  readonly looksLike: string
  readonly advice: string
}

const convertInPyTorch =
  "in PyTorch: state = torch.load(path, map_location='cpu', weights_only=True); torch.save(state, 'plain.pth')"
const downloadAgain = 'download the file itself again, not the page about it'
const giveCheckpoint = 'give the .pth file of AASIST or AASIST-L'

/** Magic bytes and advice; `at` is where they stand. The first that fits is taken. */
const signatures: readonly (ForeignFile & { readonly magic: string; readonly at?: number })[] = [
  {
    // A pickled long, torch's magic number 0x1950a86a20f9469cfc6c.
    magic: '\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19',
    looksLike: 'a checkpoint of PyTorch before 1.6 (not a zip)',
    advice: convertInPyTorch,
  },
  {
    magic: 'PK\x03\x04',
    looksLike: 'a zip archive that is cut short or damaged',
    advice: 'download or copy it again',
  },
  { magic: 'PK\x05\x06', looksLike: 'an empty zip archive', advice: giveCheckpoint },
  { magic: '\x80\x02', looksLike: 'a bare pickle', advice: convertInPyTorch },
  { magic: '\x80\x03', looksLike: 'a bare pickle', advice: convertInPyTorch },
  { magic: '\x80\x04', looksLike: 'a bare pickle', advice: convertInPyTorch },
  { magic: '\x80\x05', looksLike: 'a bare pickle', advice: convertInPyTorch },
  {
    magic: '{"',
    at: 8,
    looksLike: 'a safetensors file',
    advice: "convert it in Python: torch.save(safetensors.torch.load_file(path), 'plain.pth')",
  },
  { magic: '\x89HDF', looksLike: 'an HDF5 file (Keras weights?)', advice: giveCheckpoint },
  { magic: '\x93NUMPY', looksLike: 'a NumPy array', advice: giveCheckpoint },
  { magic: '\x1f\x8b', looksLike: 'a gzip archive', advice: 'unpack it and give the .pth file inside' },
  { magic: '7z\xbc\xaf', looksLike: 'a 7-Zip archive', advice: 'unpack it and give the .pth file inside' },
  { magic: 'ustar', at: 257, looksLike: 'a tar archive', advice: 'unpack it and give the .pth file inside' },
  { magic: 'RIFF', looksLike: 'a RIFF file (WAV audio?)', advice: giveCheckpoint },
  { magic: 'fLaC', looksLike: 'FLAC audio', advice: giveCheckpoint },
  {
    magic: 'version https://git-lfs',
    looksLike: 'a Git LFS pointer, which stands for the file',
    advice: 'run git lfs pull, or download the file itself',
  },
]

/** How far into a file text is judged; saved web pages may start with a comment or a byte order mark. */
const textBytes = 512

export function describeForeignFile(bytes: Uint8Array): ForeignFile {
  if (bytes.length === 0) return { looksLike: 'an empty file', advice: 'download or copy it again' }
  const found = signatures.find(({ magic, at = 0 }) => startsWith(bytes, magic, at))
  if (found !== undefined) return found
  if (looksLikeOnnx(bytes)) {
    return {
      looksLike: 'an ONNX model',
      advice: 'give it as the model itself; it needs no checkpoint or conversion',
    }
  }
  const text = new TextDecoder().decode(bytes.subarray(0, textBytes)).trimStart().toLowerCase()
  if (/^(<!doctype html|<html|<!--|<\?xml|<head)/.test(text)) {
    return { looksLike: 'a web page', advice: downloadAgain }
  }
  if (text.startsWith('{')) {
    return {
      looksLike: 'JSON text',
      advice: 'it may be the .conf: were checkpoint and configuration swapped?',
    }
  }
  if (bytes.every(byte => byte === 0)) {
    return { looksLike: 'nothing but zero bytes', advice: 'the download or the disk failed: fetch it again' }
  }
  const start = [...bytes.subarray(0, 4)].map(byte => byte.toString(16).padStart(2, '0')).join(' ')
  return { looksLike: `no format known here (it starts with ${start})`, advice: giveCheckpoint }
}

/** A zip archive without data.pkl. */
export function describeForeignZip(names: readonly string[]): ForeignFile {
  const holds = (pattern: RegExp): boolean => names.some(name => pattern.test(name))
  if (holds(/\.npy$/)) return { looksLike: 'a NumPy .npz archive', advice: giveCheckpoint }
  if (holds(/^\[Content_Types\]\.xml$/)) return { looksLike: 'an Office document', advice: giveCheckpoint }
  const checkpoint = names.find(name => /\.(pth?|ckpt)$/i.test(name))
  if (checkpoint !== undefined) {
    return {
      looksLike: `a zip archive around ${JSON.stringify(checkpoint)}`,
      advice: 'unpack it and give that file',
    }
  }
  return {
    looksLike: `a zip archive of ${names.length} files that are no PyTorch checkpoint`,
    advice: giveCheckpoint,
  }
}

/** ModelProto starts with field 1, `ir_version`, a small number, followed by another field of its own. */
function looksLikeOnnx(bytes: Uint8Array): boolean {
  const [field, irVersion, next] = bytes
  const nextField = next === undefined ? 0 : next >> 3
  return field === 0x08 && irVersion! >= 1 && irVersion! <= 20 && nextField >= 2 && nextField <= 8
}

function startsWith(bytes: Uint8Array, magic: string, at: number): boolean {
  for (let index = 0; index < magic.length; index++) {
    if (bytes[at + index] !== magic.charCodeAt(index)) return false
  }
  return true
}
