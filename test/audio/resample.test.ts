import { expect } from 'chai'
import { resample } from '../../lib/audio'
import { inputLengthFor } from '../../lib/audio/resample'
import { requireTool } from '../support/environment'
import { integerSignal, minimalStandard, sine } from './signals'
import { pipe } from './tools'

const MODEL_RATE_HZ = 16_000

/** Power of `expected` over power of the error, away from both ends, in dB. */
function signalToNoiseDb(expected: Float32Array, found: Float32Array, margin: number): number {
  let signal = 0
  let noise = 0
  for (let i = margin; i < Math.min(expected.length, found.length) - margin; i++) {
    signal += expected[i]! ** 2
    noise += (expected[i]! - found[i]!) ** 2
  }
  return 10 * Math.log10(signal / noise)
}

function powerDb(samples: Float32Array, margin: number): number {
  const inner = samples.subarray(margin, samples.length - margin)
  return 10 * Math.log10(inner.reduce((sum, sample) => sum + sample * sample, 0) / inner.length)
}

function noise(length: number): Float32Array<ArrayBuffer> {
  const random = minimalStandard(7)
  return Float32Array.from({ length }, () => random() - 0.5)
}

describe('resampling', function () {
  this.timeout(60_000)

  for (const [fromHz, toneHz, leastDb] of [
    [8000, 1000, 120],
    [8000, 3400, 120],
    [11025, 2000, 120],
    [22050, 5000, 120],
    [44100, 1000, 120],
    [44100, 7000, 110],
    [48000, 440, 120],
  ] as const) {
    it(`keeps a tone of ${toneHz} Hz from ${fromHz} Hz in level and phase, with ${leastDb} dB of SNR`, async () => {
      const found = await resample(sine(toneHz, fromHz, 2), fromHz, MODEL_RATE_HZ)
      expect(signalToNoiseDb(sine(toneHz, MODEL_RATE_HZ, 2), found, 1000)).to.be.above(leastDb)
    })
  }

  it('removes what 16 kHz cannot hold instead of folding it back', async () => {
    for (const toneHz of [8300, 9000, 15_500, 20_000]) {
      const found = await resample(sine(toneHz, 48_000, 1), 48_000, MODEL_RATE_HZ)
      expect(powerDb(found, 1000), `${toneHz} Hz`).to.be.below(-120)
    }
  })

  it('gives ceil(n * to / from) samples, and none for none', async () => {
    for (const [length, fromHz, toHz] of [
      [1, 8000, 16_000],
      [1, 48_000, 16_000],
      [44_101, 44_100, 16_000],
      [5, 16_000, 44_100],
      [0, 8000, 16_000],
    ] as const) {
      const found = await resample(new Float32Array(length).fill(0.5), fromHz, toHz)
      expect(found.length).to.equal(Math.ceil((length * toHz) / fromHz))
    }
  })

  it('of equal rates returns the samples themselves', async () => {
    const samples = noise(100)
    expect(await resample(samples, 16_000, 16_000)).to.equal(samples)
  })

  it('of the needed prefix equals that of the whole file to the last bit', async () => {
    for (const fromHz of [8000, 11_025, 22_050, 44_100, 48_000, 96_000, 200_001]) {
      const wanted = 3000
      const needed = inputLengthFor(wanted, fromHz, MODEL_RATE_HZ)
      const file = noise(needed * 2)
      const whole = await resample(file, fromHz, MODEL_RATE_HZ)
      const prefix = await resample(file.slice(0, needed), fromHz, MODEL_RATE_HZ)
      expect(prefix.subarray(0, wanted), `${fromHz} Hz`).to.deep.equal(whole.subarray(0, wanted))
    }
  })

  it('has no seams in files longer than the library takes at once', async () => {
    const found = await resample(sine(1000, 8000, 70), 8000, MODEL_RATE_HZ)
    expect(signalToNoiseDb(sine(1000, MODEL_RATE_HZ, 70), found, 1000)).to.be.above(120)
  })

  it('of many clips at once gives each its own result', async () => {
    const clips = [8000, 44_100, 11_025, 8000].map(fromHz => ({ fromHz, samples: noise(2000) }))
    const oneByOne: Float32Array[] = []
    for (const { fromHz, samples } of clips) oneByOne.push(await resample(samples, fromHz, MODEL_RATE_HZ))
    const together = await Promise.all(
      clips.map(({ fromHz, samples }) => resample(samples, fromHz, MODEL_RATE_HZ)),
    )
    expect(together).to.deep.equal(oneByOne)
    expect(together[0]).to.deep.equal(together[3])
  })

  for (const fromHz of [8000, 22_050, 44_100, 48_000]) {
    it(`agrees with sox on band-limited speech-like sound from ${fromHz} Hz`, async function () {
      requireTool(this, 'sox')
      const raw = ['-t', 'raw', '-e', 'floating-point', '-b', '32', '-c', '1']
      const integers = integerSignal('speech-like', fromHz * 2, 16, 11)
      // Both filters are flat below 3 kHz; in their transition bands they differ by design.
      const source = Float32Array.from(integers, value => value / 32768)
      const limited = pipe(
        'sox',
        [...raw, '-r', `${fromHz}`, '-', ...raw, '-', 'sinc', '-a', '140', '-3000'],
        Buffer.from(source.buffer),
      )
      const reference = pipe(
        'sox',
        [...raw, '-r', `${fromHz}`, '-', ...raw, '-r', '16000', '-', 'rate', '-v', '-s'],
        limited,
      )
      const toFloats = (bytes: Buffer): Float32Array<ArrayBuffer> =>
        new Float32Array(Uint8Array.from(bytes).buffer)
      const found = await resample(toFloats(limited), fromHz, MODEL_RATE_HZ)
      expect(Math.abs(found.length - reference.length / 4)).to.be.at.most(1)
      expect(signalToNoiseDb(toFloats(reference), found, 1000)).to.be.above(100)
    })
  }

  it('refuses rates more than 256 times apart, and rates that are none', async () => {
    const samples = new Float32Array(10)
    const codeOf = async (fromHz: number): Promise<unknown> =>
      resample(samples, fromHz, MODEL_RATE_HZ).then(
        () => 'none',
        (error: unknown) => (error as { code: unknown }).code,
      )
    expect(await codeOf(62)).to.equal('AUDIO_UNSUPPORTED')
    expect(await codeOf(63)).to.equal('none')
    for (const rate of [0, -8000, NaN, 8000.5]) expect(await codeOf(rate)).to.equal('INVALID_ARGUMENT')
  })
})
