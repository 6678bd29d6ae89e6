import { expect } from 'chai'
import fc from 'fast-check'
import { decodeAudio } from '../../lib/audio'
import { AudioError } from '../../lib/errors'
import { flacFile } from './flac-files'
import { integerSignal } from './signals'
import { chunk, floatData, integerData, wavFile } from './wav-files'

const left = integerSignal('speech-like', 600, 16, 1)
const right = integerSignal('speech-like', 600, 16, 2)

const seeds: Readonly<Record<string, Buffer>> = {
  'a WAV file': wavFile({
    data: integerData([left, right], 2),
    channelCount: 2,
    before: [chunk('LIST', Buffer.alloc(9))],
  }),
  'an extensible WAV file': wavFile({ data: integerData([left], 3), bitsPerSample: 24, validBits: 24 }),
  'a float WAV file': wavFile({
    tag: 3,
    bitsPerSample: 32,
    data: floatData([...left.map(value => value / 32768)], 32),
  }),
  'a FLAC file': flacFile({
    channels: [left, right],
    bitsPerSample: 16,
    stereo: 'mid-side',
    blockFrames: 192,
    coding: { fixedOrder: 2, rice: 8 },
  }),
  'a FLAC stream without MD5 or length': flacFile({
    channels: [left],
    bitsPerSample: 16,
    totalFrames: 0,
    md5: 'absent',
    blockFrames: [64, 100],
  }),
}

type Edit = (file: Buffer) => Buffer

const position = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
/** Half of the edits hit the first 64 bytes, where the headers are. */
const place = fc.tuple(position, fc.boolean()).map(([share, inHeader]) => (length: number) => {
  return Math.floor(share * Math.min(length, inHeader ? 64 : length))
})
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 0, max: 255 })).map(([at, value]): Edit => file => {
    if (file.length > 0) file[at(file.length)] = value
    return file
  }),
  fc.tuple(place, fc.integer({ min: 0, max: 7 })).map(([at, bit]): Edit => file => {
    if (file.length > 0) file[at(file.length)]! ^= 1 << bit
    return file
  }),
  fc.tuple(place, fc.uint8Array({ maxLength: 40 })).map(([at, bytes]): Edit => file => {
    const cut = at(file.length)
    return Buffer.concat([file.subarray(0, cut), bytes, file.subarray(cut)])
  }),
  fc.tuple(place, fc.integer({ min: 1, max: 300 })).map(([at, count]): Edit => file => {
    const from = at(file.length)
    return Buffer.concat([file.subarray(0, from), file.subarray(from + count)])
  }),
  fc.tuple(place, place, fc.integer({ min: 1, max: 200 })).map(([from, to, count]): Edit => file => {
    const start = from(file.length)
    file.copy(file, to(file.length), start, Math.min(file.length, start + count))
    return file
  }),
)

/** Decodes to something sound, or fails with one of our own errors. */
function expectSoundOrTyped(bytes: Uint8Array): void {
  let audio
  try {
    audio = decodeAudio(bytes, { maxFrames: 500 })
  } catch (error) {
    expect(error).to.be.instanceOf(AudioError)
    return
  }
  expect(audio.totalFrames).to.be.above(0)
  for (const channel of audio.channels) {
    expect(channel.length).to.equal(Math.min(500, audio.totalFrames))
    expect(channel.every(Number.isFinite)).to.equal(true)
  }
}

describe('decoding of hostile bytes', function () {
  this.timeout(60_000)

  for (const [name, seed] of Object.entries(seeds)) {
    it(`gives sound samples or a typed error for any damage to ${name}`, () => {
      fc.assert(
        fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), edits => {
          expectSoundOrTyped(edits.reduce<Buffer>((file, change) => change(file), Buffer.from(seed)))
        }),
        { numRuns: 500 },
      )
    })
  }

  it('gives a typed error or sound samples for any bytes behind a signature', () => {
    const signature = fc.constantFrom(
      'RIFF\0\0\0\0WAVE',
      'RIFF\0\0\0\0WAVEfmt \x10\0\0\0',
      'RF64\0\0\0\0WAVEds64',
      'fLaC',
      'fLaC\0\0\0\x22',
      'ID3',
    )
    fc.assert(
      fc.property(signature, fc.uint8Array({ maxLength: 400 }), (head, bytes) => {
        expectSoundOrTyped(Buffer.concat([Buffer.from(head, 'latin1'), bytes]))
      }),
      { numRuns: 1000 },
    )
  })
})
