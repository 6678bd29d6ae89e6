// How long a recording says it is, from its first bytes: to refuse it before its samples are decoded.

/** @returns seconds, or null where the header does not tell; what is decoded in the end is measured again */
export function declaredSeconds(bytes) {
  const magic = bytes.toString('latin1', 0, 4)
  if (magic === 'fLaC') return flacSeconds(bytes)
  if (magic === 'RIFF' || magic === 'RF64' || magic === 'BW64') return wavSeconds(bytes)
  return null
}

/** STREAMINFO is the first block: 20 bits of sample rate at byte 18, 36 bits of samples behind 8 other bits. */
function flacSeconds(bytes) {
  if (bytes.length < 42 || (bytes[4] & 0x7f) !== 0) return null
  const sampleRateHz = bytes.readUIntBE(18, 3) >>> 4
  const samples = (bytes[21] & 0x0f) * 2 ** 32 + bytes.readUInt32BE(22)
  return sampleRateHz === 0 || samples === 0 ? null : samples / sampleRateHz
}

/** What is in the file counts, where a header promises more. */
function wavSeconds(bytes) {
  let bytesPerSecond = 0
  for (let at = 12; at + 8 <= bytes.length;) {
    const name = bytes.toString('latin1', at, at + 4)
    const size = bytes.readUInt32LE(at + 4)
    const body = at + 8
    if (name === 'fmt ' && body + 16 <= bytes.length) {
      bytesPerSecond = bytes.readUInt32LE(body + 4) * bytes.readUInt16LE(body + 12)
    }
    if (name === 'data') {
      return bytesPerSecond === 0 ? null : Math.min(size, bytes.length - body) / bytesPerSecond
    }
    at = body + size + (size % 2)
  }
  return null
}
