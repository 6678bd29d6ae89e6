/** The two checksums of a FLAC frame (RFC 9639, sections 9.1.8 and 9.3): unreflected, starting at zero. */

function tableOf(polynomial: number, width: 8 | 16): Uint16Array {
  const top = 2 ** (width - 1)
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << (width - 8)
    for (let bit = 0; bit < 8; bit++) crc = (crc & top) !== 0 ? (crc << 1) ^ polynomial : crc << 1
    return crc & (2 ** width - 1)
  })
}

const table8 = tableOf(0x07, 8)
const table16 = tableOf(0x8005, 16)

export function crc8(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0
  for (let i = start; i < end; i++) crc = table8[crc ^ bytes[i]!]!
  return crc
}

export function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0
  for (let i = start; i < end; i++) crc = ((crc << 8) & 0xffff) ^ table16[(crc >> 8) ^ bytes[i]!]!
  return crc
}
