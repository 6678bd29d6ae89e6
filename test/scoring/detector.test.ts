import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { ArgumentRangeError, ArgumentTypeError, AudioError } from '../../lib/errors'
import { Detector, type Clip, type ScoreWarning } from '../../lib/scoring'
import { integerSignal, sine } from '../audio/signals'
import { integerData, wavFile } from '../audio/wav-files'
import { root } from '../support/environment'
import { generatedSignal, readJson, type GeneratedGolden } from '../support/golden'
import { scratchFolder } from '../support/scratch-folder'
import {
  demoClips,
  expectCode,
  sharedDetector,
  speechIntegers,
  speechWav,
  tinyModel,
  tinyOptions,
} from './support'

const codesOf = (warnings: readonly ScoreWarning[]): string[] => warnings.map(({ code }) => code)

describe('Detector.score', () => {
  const detector = sharedDetector(() => tinyOptions())
  const folder = scratchFolder()

  it("gives PyTorch's score, the second logit, for samples", async () => {
    const golden = readJson(
      root,
      'test',
      'fixtures',
      'checkpoints',
      'tiny-random.golden.json',
    ) as GeneratedGolden
    for (const [index, input] of golden.inputs.entries()) {
      const samples = generatedSignal(input, golden.nbSamp)
      const { score } = await detector().score({ samples, sampleRateHz: 16_000 })
      expect(score).to.be.closeTo(golden.logits[index]![1]!, 1e-5)
    }
  })

  it('gives the same score for a path, for the bytes of the file and for its samples', async () => {
    const path = join(folder(), 'clip.wav')
    writeFileSync(path, speechWav())
    const samples = Float32Array.from(speechIntegers(), integer => integer / 32_768)
    const clips: Clip[] = [path, speechWav(), Uint8Array.from(speechWav()), { samples, sampleRateHz: 16_000 }]
    const scores: number[] = []
    for (const clip of clips) scores.push((await detector().score(clip)).score)
    expect(new Set(scores).size).to.equal(1)
    expect((await detector().score(speechWav({ seed: 2 }))).score).to.not.equal(scores[0])
  })

  it('reads only what a view shows of a larger buffer, and leaves the buffer to its owner', async () => {
    const clip = speechWav()
    const around = Buffer.concat([Buffer.alloc(1000, 1), clip, Buffer.alloc(1000, 2)])
    const { score } = await detector().score(around.subarray(1000, 1000 + clip.length))
    expect(score).to.equal((await detector().score(clip)).score)
    expect(around.length).to.equal(clip.length + 2000)

    const samples = new Float32Array(32_000).map((_, index) => Math.sin(index / 9) / 4)
    const expected = (await detector().score({ samples, sampleRateHz: 16_000 })).score
    const long = new Float32Array(96_000)
    long.set(samples, 32_000)
    const pending = detector().score({ samples: long.subarray(32_000, 64_000), sampleRateHz: 16_000 })
    long.fill(0)
    expect((await pending).score).to.equal(expected)
  })

  it('says how long the whole clip is, where it ran, and nothing else when nothing is worth saying', async () => {
    const { durationSeconds, device, warnings, decision, threshold, thresholdSource } =
      await detector().score(speechWav({ seconds: 2.5 }))
    expect(durationSeconds).to.equal(2.5)
    expect(device).to.deep.equal({ kind: 'cpu', threads: 1 })
    expect(warnings).to.deep.equal([])
    expect([decision, threshold, thresholdSource]).to.deep.equal([null, null, null])
  })

  it('hears only the window: what comes behind it changes nothing', async () => {
    const { score } = await detector().score(speechWav({ seconds: 1.5 }))
    expect(detector().windowSamples).to.equal(1.5 * 16_000)
    const longer = [...speechIntegers({ seconds: 1.5 }), ...integerSignal('noise', 20_000, 16)]
    expect((await detector().score(wavFile({ data: integerData([longer], 2) }))).score).to.equal(score)
  })

  describe('warnings', () => {
    const wavOf = (samples: readonly number[], sampleRateHz = 16_000): Buffer =>
      wavFile({ data: integerData([samples], 2), sampleRateHz })
    const cases: readonly [what: string, clip: () => Clip, codes: string[]][] = [
      ['silence', () => wavOf(integerSignal('silence', 32_000, 16)), ['AUDIO_SILENT']],
      ['clipping', () => wavOf(integerSignal('full-scale square', 32_000, 16)), ['AUDIO_CLIPPED']],
      ['much less than the window', () => speechWav({ seconds: 0.5 }), ['AUDIO_SHORT']],
      ['a telephone recording', () => wavOf(speechIntegers(), 8000), ['AUDIO_NARROW_BAND']],
      [
        'all of it at once',
        () => wavOf([0, 0, 0, 0], 8000),
        ['AUDIO_SILENT', 'AUDIO_SHORT', 'AUDIO_NARROW_BAND'],
      ],
    ]
    for (const [what, clip, codes] of cases) {
      it(`tells of ${what}, with a sentence`, async () => {
        const { warnings, score } = await detector().score(clip())
        expect(codesOf(warnings)).to.deep.equal(codes)
        for (const { message } of warnings) expect(message).to.match(/ .+ /)
        expect(score).to.satisfy(Number.isFinite)
      })
    }
  })

  it('averages channels: two that are equal score like one', async () => {
    const mono = speechIntegers()
    const stereo = wavFile({ data: integerData([mono, mono], 2), channelCount: 2 })
    expect((await detector().score(stereo)).score).to.equal((await detector().score(speechWav())).score)
  })

  it('converts other rates: a tone at 48 kHz scores like the same tone at 16 kHz', async () => {
    const at = async (sampleRateHz: number): Promise<number> =>
      (await detector().score({ samples: sine(440, sampleRateHz, 2), sampleRateHz })).score
    expect(await at(48_000)).to.be.closeTo(await at(16_000), 0.02)
  })

  describe('refuses', () => {
    const cases: readonly [what: string, clip: (folder: string) => Clip, code: string][] = [
      ['a file that is not there', folder => join(folder, 'none.wav'), 'AUDIO_NOT_FOUND'],
      ['a file below a file', folder => join(folder, 'clip.wav', 'below.wav'), 'AUDIO_NOT_FOUND'],
      ['a folder', folder => folder, 'AUDIO_UNREADABLE'],
      ['a device', () => '/dev/zero', 'AUDIO_UNREADABLE'],
      ['a path with a NUL character', folder => `${folder}/a\0b.wav`, 'AUDIO_UNREADABLE'],
      ['no bytes', () => new Uint8Array(), 'AUDIO_EMPTY'],
      ['no samples', () => ({ samples: new Float32Array(), sampleRateHz: 16_000 }), 'AUDIO_EMPTY'],
      [
        'samples that are no numbers',
        () => ({ samples: Float32Array.of(0, NaN), sampleRateHz: 16_000 }),
        'AUDIO_CORRUPT',
      ],
      ['text', () => Buffer.from('once upon a time'), 'AUDIO_UNSUPPORTED'],
      ['half a file', () => speechWav().subarray(0, 5000), 'AUDIO_TRUNCATED'],
    ]
    for (const [what, clip, code] of cases) {
      it(`${what} with ${code}`, async () => {
        writeFileSync(join(folder(), 'clip.wav'), speechWav())
        expect(await expectCode(detector().score(clip(folder())), code)).to.be.instanceOf(AudioError)
      })
    }

    it('a clip that is none of the three, and rates that are none, with INVALID_ARGUMENT', async () => {
      const samples = new Float32Array(100)
      for (const clip of [
        undefined,
        null,
        7,
        {},
        { samples: [0, 1], sampleRateHz: 16_000 },
        new Float32Array(9),
      ]) {
        const error = await expectCode(detector().score(clip as never), 'INVALID_ARGUMENT')
        expect(error).to.be.instanceOf(ArgumentTypeError)
      }
      for (const sampleRateHz of [0, -16_000, NaN, 16_000.5, '16000']) {
        const clip = { samples, sampleRateHz } as never
        expect(await expectCode(detector().score(clip), 'INVALID_ARGUMENT')).to.be.instanceOf(
          ArgumentRangeError,
        )
      }
    })

    it('options that mean nothing with UNKNOWN_OPTION, and impossible ones before any work', async () => {
      await expectCode(detector().score(speechWav(), { timeout: 5 } as never), 'UNKNOWN_OPTION')
      for (const timeoutMs of [0, -1, NaN, Infinity, '5']) {
        await expectCode(detector().score('nowhere.wav', { timeoutMs } as never), 'INVALID_ARGUMENT')
      }
      await expectCode(detector().score('nowhere.wav', { signal: 'stop' } as never), 'INVALID_ARGUMENT')
    })
  })

  it('names the file in every message', async () => {
    const path = join(folder(), 'mislabelled.flac')
    writeFileSync(path, 'once upon a time')
    const error = await expectCode(detector().score(path), 'AUDIO_UNSUPPORTED')
    expect(error.message).to.include(path)
  })
})

describe('Detector.load', () => {
  const folder = scratchFolder()
  const loaded: Detector[] = []
  const load = async (options: Parameters<typeof Detector.load>[0]): Promise<Detector> => {
    const detector = await Detector.load(options)
    loaded.push(detector)
    return detector
  }
  afterEach(async () => {
    for (const detector of loaded.splice(0)) await detector.release()
  })

  function modelWithCard(card: unknown): string {
    mkdirSync(folder(), { recursive: true })
    copyFileSync(tinyModel.checkpoint, join(folder(), 'model.pth'))
    copyFileSync(tinyModel.config, join(folder(), 'model.conf'))
    writeFileSync(join(folder(), 'model.card.json'), JSON.stringify(card))
    return join(folder(), 'model.pth')
  }

  it('takes the threshold of the option, which says so', async () => {
    const { score } = await (await load(tinyOptions())).score(speechWav())
    const at = await load(tinyOptions({ threshold: score }))
    expect(await at.score(speechWav())).to.include({
      decision: 'bonafide',
      threshold: score,
      thresholdSource: 'option',
    })
    const lower = await at.score(speechWav({ seed: 3 }))
    expect(lower.score).to.be.below(score)
    expect(lower.decision).to.equal('spoof')
  })

  it("takes the model card's threshold and notice otherwise; the option has precedence", async () => {
    const model = modelWithCard({
      name: 'ours',
      threshold: { value: -1000, source: '200 calls of our own' },
      notice: 'for tests only',
      trainedOn: 'facts it does not know may stand in a card',
    })
    const withCard = await load({ model, sessions: 1 })
    const result = await withCard.score(speechWav())
    expect(result).to.include({
      decision: 'bonafide',
      threshold: -1000,
      thresholdSource: '200 calls of our own',
    })
    expect(result.warnings).to.deep.equal([{ code: 'MODEL_NOTICE', message: 'for tests only' }])
    const withOption = await load({ model, sessions: 1, threshold: 1000 })
    expect(await withOption.score(speechWav())).to.include({ decision: 'spoof', thresholdSource: 'option' })
  })

  it('decides nothing with a card that names no threshold', async () => {
    const detector = await load({ model: modelWithCard({ name: 'ours' }), sessions: 1 })
    expect(await detector.score(speechWav())).to.include({
      decision: null,
      threshold: null,
      thresholdSource: null,
    })
  })

  it('takes the demo weights when no model is named, and every score says what they are', async () => {
    const detector = await load({ sessions: 1 })
    const { warnings, decision, thresholdSource } = await detector.score(demoClips[0]!)
    expect(codesOf(warnings)).to.deep.equal(['MODEL_NOTICE'])
    expect(warnings[0]!.message).to.match(/demo weights/)
    expect(decision).to.equal('bonafide')
    expect(thresholdSource).to.match(/LA dev/)
  })

  it('refuses other rates and several channels when told to', async () => {
    const detector = await load(tinyOptions({ resample: 'refuse', channels: 'refuse' }))
    const samples = speechIntegers()
    const telephone = wavFile({ data: integerData([samples], 2), sampleRateHz: 8000 })
    const stereo = wavFile({ data: integerData([samples, samples], 2), channelCount: 2 })
    expect((await expectCode(detector.score(telephone), 'AUDIO_UNSUPPORTED')).message).to.match(/8000 Hz/)
    expect((await expectCode(detector.score(stereo), 'AUDIO_UNSUPPORTED')).message).to.match(/2 channels/)
    expect((await detector.score(speechWav())).score).to.satisfy(Number.isFinite)
  })

  it('takes a checkpoint as bytes, with its configuration by path', async () => {
    const bytes = readFileSync(tinyModel.checkpoint)
    const detector = await load({ model: bytes, config: tinyModel.config, sessions: 1 })
    const byPath = await load({ model: tinyModel.checkpoint, sessions: 1 })
    expect((await detector.score(speechWav())).score).to.equal((await byPath.score(speechWav())).score)
    expect(detector.provenance).to.deep.equal({ ...byPath.provenance, path: null })
    expect(detector.provenance).to.include({ format: 'checkpoint' })
    const error = await expectCode(Detector.load({ model: bytes }), 'CONFIG_INVALID')
    expect(error.message).to.match(/needs its configuration/)
  })

  it('makes one-thread sessions, as many as asked for', async () => {
    const detector = await load(tinyOptions({ sessions: 3 }))
    expect(detector.device).to.deep.equal({ kind: 'cpu', threads: 3 })
    expect(detector.stats()).to.include({ state: 'ready', sessions: 3, done: 0 })
    await detector.score(speechWav())
    expect(detector.stats().done).to.equal(1)
  })

  it('makes as many as asked for where the CPU computes, unless their number is said for any device', async () => {
    const { model } = tinyOptions()
    expect((await load({ model: model!, cpuSessions: 3 })).stats().sessions).to.equal(3)
    expect((await load({ model: model!, cpuSessions: 3, sessions: 1 })).stats().sessions).to.equal(1)
  })

  it('refuses unknown options with UNKNOWN_OPTION and wrong values with INVALID_ARGUMENT', async () => {
    const error = await expectCode(Detector.load({ modle: 'x.pth' } as never), 'UNKNOWN_OPTION')
    expect(error.message).to.match(/"modle".*model, config/)
    const wrong: readonly object[] = [
      { model: 7 },
      { config: 7 },
      { threshold: NaN },
      { threshold: '1' },
      { resample: 'maybe' },
      { channels: 'left' },
      { sessions: 0 },
      { sessions: 1.5 },
      { cpuSessions: 0 },
      { maxSeconds: 0 },
      { queueLimit: -1 },
      { isolation: 'container' },
      { device: 'gpu' },
      { onFailover: 'log' },
      { signal: {} },
    ]
    for (const options of wrong) {
      await expectCode(Detector.load({ ...tinyOptions(), ...options }), 'INVALID_ARGUMENT')
    }
  })

  it('says that NPUs need an offline model, with INVALID_ARGUMENT', async () => {
    for (const device of ['npu', 0, [0, 1]] as const) {
      await expectCode(Detector.load(tinyOptions({ device })), 'INVALID_ARGUMENT')
    }
  })
})
