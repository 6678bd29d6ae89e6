/**
 * ITU-T G.711 expansion to 16-bit linear PCM: the 14-bit (mu-law) and 13-bit (A-law) values of the recommendation,
 * shifted up to 16 bits as ffmpeg and sox do. Divide by 32768 for samples in [-1, 1).
 */

/** Added before mu-law compression so that every segment starts at a power of two (G.711, table 2b). */
const MU_LAW_BIAS = 0x84
/** A-law inverts every second bit on the line (G.711, section 3.2). */
const A_LAW_LINE_MASK = 0x55

function expandMuLaw(code: number): number {
  const inverted = ~code & 0xff
  const magnitude = ((((inverted & 0x0f) << 3) + MU_LAW_BIAS) << ((inverted >> 4) & 7)) - MU_LAW_BIAS
  return (inverted & 0x80) !== 0 ? -magnitude : magnitude
}

function expandALaw(code: number): number {
  const inverted = code ^ A_LAW_LINE_MASK
  const segment = (inverted >> 4) & 7
  const step = ((inverted & 0x0f) << 4) + 8
  const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1)
  return (inverted & 0x80) !== 0 ? magnitude : -magnitude
}

/** 256 linear 16-bit values, one for each mu-law code. */
export const muLawToLinear: Int16Array = Int16Array.from({ length: 256 }, (_, code) => expandMuLaw(code))

/** 256 linear 16-bit values, one for each A-law code. */
export const aLawToLinear: Int16Array = Int16Array.from({ length: 256 }, (_, code) => expandALaw(code))
