import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { channels, Detector } from '../../lib/scoring'
import { integerData, wavFile } from '../audio/wav-files'
import { root } from '../support/environment'
import { byCall, expectNoData, fulfilled, heardOf, published, rejected } from '../support/listen'
import { addonPath, atc, requireSimulator, simulatorSettings } from '../support/native'
import { scratchFolder } from '../support/scratch-folder'
import { expectCode, sharedDetector, speechWav, tinyModel, tinyOptions } from './support'

const { detectorScore, poolRun, log } = channels

describe(`${detectorScore} tells`, () => {
  const detector = sharedDetector(() => tinyOptions())
  const folder = scratchFolder()

  it('of a file its name, its length, what computed it and how long both halves took', async () => {
    const file = join(folder(), 'clip.wav')
    writeFileSync(file, speechWav({ seconds: 2 }))
    const heard = await heardOf(detectorScore, () => detector().score(file))
    const [call, ...others] = byCall(heard)
    expect(others).to.deep.equal([])
    expect(call!.events).to.deep.equal(fulfilled)
    const { device } = detector()
    expect(call!.last).to.deep.include({ clip: 'path', file, durationSeconds: 2, device, failedOver: [] })
    expect(call!.last['preparationMs']).to.be.above(0)
    expect(call!.last['inferenceMs']).to.be.above(0)
  })

  it('of bytes and samples which they are, and never what is in them, nor the score', async () => {
    const samples = new Float32Array(32_000).fill(0.25)
    const heard = await heardOf(detectorScore, async () => {
      await detector().score(speechWav())
      await detector().score({ samples, sampleRateHz: 16_000 })
    })
    expect(byCall(heard).map(({ last }) => last['clip'])).to.deep.equal(['bytes', 'samples'])
    for (const { message } of heard) {
      expectNoData(message)
      expect(message).to.not.have.any.keys('score', 'decision', 'file')
      expect(message['result']).to.equal(undefined)
    }
  })

  it('of each of many files, with the code of those that failed', async () => {
    const good = join(folder(), 'good.wav')
    writeFileSync(good, speechWav())
    const missing = join(folder(), 'missing.wav')
    const heard = await heardOf(detectorScore, async () => {
      const results = detector().scoreFiles([good, missing])
      while ((await results.next()).done !== true);
    })
    const calls = byCall(heard)
    expect(calls.map(({ last }) => [last['file'], last['code']])).to.deep.equal([
      [good, undefined],
      [missing, 'AUDIO_NOT_FOUND'],
    ])
    expect(calls.map(({ events }) => events)).to.deep.equal([fulfilled, rejected])
  })

  it('of a clip that is refused because too many wait', async () => {
    await using small = await Detector.load(tinyOptions({ sessions: 1, queueLimit: 1 }))
    const clips = [1, 2, 3].map(seed => speechWav({ seed }))
    const heard = await heardOf(detectorScore, () => Promise.allSettled(clips.map(clip => small.score(clip))))
    expect(byCall(heard).map(({ last }) => last['code'])).to.deep.equal([undefined, undefined, 'QUEUE_FULL'])
  })

  it(`of a run on ${poolRun} as well`, async () => {
    const [call] = byCall(await heardOf(poolRun, () => detector().score(speechWav())))
    expect(call!.last).to.deep.include({ batch: 1, device: detector().device })
  })
})

describe(`${log} tells`, () => {
  const folder = scratchFolder()

  it('what is odd about a clip, with its file', async () => {
    await using detector = await Detector.load(tinyOptions())
    const file = join(folder(), 'silent.wav')
    writeFileSync(file, wavFile({ data: integerData([new Array<number>(32_000).fill(0)], 2) }))
    const messages = await published(log, () => detector.score(file))
    expect(messages).to.have.length(1)
    expect(messages[0]).to.include({ level: 'warn', code: 'AUDIO_SILENT', file })
    expect(messages[0]!['message']).to.be.a('string')
  })

  it('once what holds for all scores of a model', async function () {
    this.timeout(60_000)
    const messages = await published(log, async () => {
      await using detector = await Detector.load()
      await detector.score(speechWav())
      await detector.score(speechWav())
    })
    const notices = messages.filter(({ code }) => code === 'MODEL_NOTICE')
    expect(notices.map(({ level }) => level)).to.deep.equal(['warn'])
  })

  it('nothing of what a caller is told by a rejection', async () => {
    await using detector = await Detector.load(tinyOptions())
    const messages = await published(log, () => expectCode(detector.score('missing.wav'), 'AUDIO_NOT_FOUND'))
    expect(messages).to.deep.equal([])
  })

  it('that the CPU scores what an NPU could not', async function () {
    this.timeout(120_000)
    const library = requireSimulator(this)
    const story = `
      const { subscribe } = require('node:diagnostics_channel')
      const { channels, Detector } = require(${JSON.stringify(join(root, 'dist', 'index.js'))})
      const codes = []
      subscribe(channels.log, ({ level, code, cause }) => codes.push([level, code, cause]))
      async function main() {
        const detector = await Detector.load({ model: process.argv[1], device: 'npu' })
        const samples = Float32Array.from({ length: 24000 }, (_, index) => Math.sin(index / 9) / 4)
        const { device } = await detector.score({ samples, sampleRateHz: 16000 })
        console.log(JSON.stringify({ codes, kind: device.kind }))
        process.exit(0)
      }
      main()`
    const env = {
      ...process.env,
      ...simulatorSettings(),
      PATH: [dirname(atc), process.env['PATH']].join(delimiter),
      AASIST_ADDON: addonPath,
      AASIST_ACL_LIBRARY: library,
      ACL_SIM_FAULTS: 'task:507018',
    }
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', story, tinyModel.checkpoint], {
      env,
    })
    const { codes, kind } = JSON.parse(stdout) as { codes: readonly (readonly string[])[]; kind: string }
    expect(kind).to.equal('cpu')
    expect(codes).to.deep.include(['warn', 'CPU_HELPED_OUT', 'ACL_DEVICE_FAULT'])
    expect(codes).to.deep.include(['warn', 'RUN_RETRIED', 'ACL_DEVICE_FAULT'])
  })
})
