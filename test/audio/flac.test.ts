import { expect } from 'chai'
import { decodeAudio } from '../../lib/audio'
import { AudioError } from '../../lib/errors'
import { flacFile, type FlacCoding, type FlacSpec } from './flac-files'
import { integerSignal } from './signals'
import { firstDifference, interleave } from './tools'

const speech = integerSignal('speech-like', 3000, 16)
const spec: FlacSpec = { channels: [speech], bitsPerSample: 16, blockFrames: 1000 }

function codeOf(bytes: Uint8Array): string {
  try {
    decodeAudio(bytes)
  } catch (error) {
    if (error instanceof AudioError) return error.code
    throw error
  }
  return 'none'
}

function expectExact(flac: FlacSpec): void {
  const audio = decodeAudio(flacFile(flac))
  expect(audio.totalFrames).to.equal(flac.channels[0]!.length)
  const difference = firstDifference(audio.channels, interleave(flac.channels), 2 ** (flac.bitsPerSample - 1))
  expect(difference).to.equal(undefined)
}

describe('FLAC samples', () => {
  for (let bits = 4; bits <= 32; bits++) {
    it(`of ${bits} bits are exact in every way of coding them`, () => {
      const rice: FlacCoding = { fixedOrder: 2, rice: Math.max(0, bits - 6) }
      const raw: FlacCoding = bits < 29 ? 'escaped' : 'verbatim'
      for (const stereo of [undefined, 'left-side', 'side-right', 'mid-side'] as const) {
        const channels = [integerSignal('speech-like', 500, bits, 3), integerSignal('noise', 500, bits, 4)]
        for (const coding of ['verbatim', raw] as const) {
          expectExact({ channels, bitsPerSample: bits, coding, blockFrames: 192, ...(stereo && { stereo }) })
        }
      }
      // Residuals of noise in 31 and 32 bits leave the 32 bits that the format allows them.
      expectExact({ channels: [integerSignal('speech-like', 500, bits)], bitsPerSample: bits, coding: rice })
      expectExact({
        channels: [integerSignal('constant', 500, bits)],
        bitsPerSample: bits,
        coding: 'constant',
      })
    })
  }

  it('are exact for every fixed predictor and for very long unary runs', () => {
    for (const fixedOrder of [0, 1, 2, 3, 4] as const) {
      expectExact({ ...spec, coding: { fixedOrder, rice: 11 } })
      expectExact({ channels: [speech.slice(0, 60)], bitsPerSample: 16, coding: { fixedOrder, rice: 0 } })
    }
  })

  it('are exact where the size of blocks varies', () => {
    expectExact({ ...spec, blockFrames: [17, 700, 1, 64] })
  })

  it('beyond maxFrames are checked and counted but not kept', () => {
    const front = decodeAudio(flacFile(spec), { maxFrames: 1500 })
    expect(front.totalFrames).to.equal(3000)
    expect(front.channels[0]).to.deep.equal(decodeAudio(flacFile(spec)).channels[0]!.slice(0, 1500))
    expect(() => decodeAudio(flacFile({ ...spec, md5: 'wrong' }), { maxFrames: 10 })).to.throw(
      AudioError,
      'MD5',
    )
  })

  it('come out of streams that state neither length nor MD5', () => {
    expectExact({ ...spec, totalFrames: 0, md5: 'absent' })
  })

  it('are followed by an ID3v1 tag in some files', () => {
    const tag = Buffer.alloc(128)
    tag.write('TAG')
    for (const stream of [spec, { ...spec, totalFrames: 0 }]) {
      expect(decodeAudio(Buffer.concat([flacFile(stream), tag])).totalFrames).to.equal(3000)
    }
  })

  it('stand behind metadata of any size, which is not read', () => {
    const metadata: FlacSpec['metadata'] = [
      [4, Buffer.alloc(50, 1)],
      [3, Buffer.alloc(18 * 1000, 0xff)],
      [6, Buffer.alloc(3_000_000, 2)],
      [1, Buffer.alloc(0)],
      [126, Buffer.alloc(9, 3)],
    ]
    expectExact({ ...spec, metadata })
  })

  it('are read from their own bytes where the file is part of a larger buffer', () => {
    const file = flacFile(spec)
    const pool = Buffer.concat([Buffer.alloc(5, 0xff), file, file])
    expect(decodeAudio(pool.subarray(5, 5 + file.length))).to.deep.equal(decodeAudio(file))
  })
})

describe('FLAC damage', () => {
  it('by cutting is AUDIO_TRUNCATED wherever the file is cut', () => {
    const file = flacFile({ ...spec, channels: [speech.slice(0, 400)], blockFrames: 150 })
    for (let length = 1; length < file.length; length++) {
      expect(codeOf(file.subarray(0, length)), `${length} bytes`).to.equal('AUDIO_TRUNCATED')
    }
  })

  it('by cutting a stream of unknown length goes unseen only exactly between two frames', () => {
    const channels = [speech.slice(0, 300)]
    const whole = flacFile({ ...spec, channels, blockFrames: 100, totalFrames: 0, md5: 'absent' })
    const frameBytes = (whole.length - 42) / 3
    for (let length = 43; length < whole.length; length++) {
      const isBoundary = (length - 42) % frameBytes === 0
      expect(codeOf(whole.subarray(0, length)), `${length} bytes`).to.equal(
        isBoundary ? 'none' : 'AUDIO_TRUNCATED',
      )
    }
  })

  it('of any single bit of any frame is seen', () => {
    const file = flacFile({
      ...spec,
      channels: [speech.slice(0, 120)],
      blockFrames: 40,
      coding: { fixedOrder: 2, rice: 9 },
    })
    for (let bit = 42 * 8; bit < file.length * 8; bit++) {
      const damaged = Buffer.from(file)
      damaged[bit >> 3]! ^= 0x80 >> (bit & 7)
      expect(codeOf(damaged), `bit ${bit}`).to.be.oneOf(['AUDIO_CORRUPT', 'AUDIO_TRUNCATED'])
    }
  })

  it('that makes a frame run past the end is told from a cut by the frames behind it', () => {
    const file = flacFile({
      ...spec,
      coding: { fixedOrder: 1, rice: 0 },
      channels: [Array<number>(3000).fill(5)],
    })
    // Zeros in the first frame look like a unary number that goes on and on.
    const secondFrame = file.indexOf(Buffer.from([0xff, 0xf8]), 60)
    expect(codeOf(Buffer.concat([file.fill(0, 60, secondFrame)]))).to.equal('AUDIO_CORRUPT')
  })
})
