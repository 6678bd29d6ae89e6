import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { decodeAudio, loadClip } from '../../lib/audio'
import { PlanarSamples } from '../../lib/audio/planar'
import { root } from '../support/environment'
import { crc, flacFile } from './flac-files'
import { badAudio } from './bad-audio'
import { integerSignal } from './signals'
import { integerData, wavFile } from './wav-files'

const MEBIBYTE = 2 ** 20

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Buffers are given back by another thread some time after a collection, so it is looked until nothing changes. */
async function usedBytes(): Promise<number> {
  let used = Infinity
  for (let calm = 0; calm < 3;) {
    collectGarbage()
    await delay(10)
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    const isCalm = heapUsed + arrayBuffers > used - 2 ** 16
    calm = isCalm ? calm + 1 : 0
    used = Math.min(used, heapUsed + arrayBuffers)
  }
  return used
}

/** 18 bytes a frame that stand for 65,535 samples in each of eight channels. */
function flacBomb(frameCount: number): Buffer {
  const head = flacFile({
    channels: Array.from({ length: 8 }, () => [0]),
    bitsPerSample: 8,
    totalFrames: 0,
    md5: 'absent',
  }).subarray(0, 42)
  const frames = Array.from({ length: frameCount }, (_, index) => {
    const number = index < 0x80 ? [index] : [0xc0 | (index >> 6), 0x80 | (index & 0x3f)]
    const header = [0xff, 0xf8, 0x70, 0x70, ...number, 0xff, 0xfe]
    const body = [
      ...header,
      crc(Uint8Array.from(header), 0x07, 8),
      ...Array.from({ length: 8 }, () => [0, 1]).flat(),
    ]
    const check = crc(Uint8Array.from(body), 0x8005, 16)
    return Buffer.from([...body, check >> 8, check & 0xff])
  })
  return Buffer.concat([head, ...frames])
}

describe('decoding', function () {
  this.timeout(60_000)

  it('keeps no more of a FLAC bomb than was asked for', async () => {
    const bomb = flacBomb(100)
    expect(bomb.length).to.be.below(3000)
    const before = await usedBytes()
    const rssBefore = process.memoryUsage().rss
    const audio = decodeAudio(bomb, { maxFrames: 64_600 })
    expect(process.memoryUsage().rss - rssBefore).to.be.below(40 * MEBIBYTE)
    expect((await usedBytes()) - before).to.be.below(4 * MEBIBYTE)
    expect(audio.totalFrames).to.equal(100 * 65_535)
    expect(audio.channels.map(channel => channel.length)).to.deep.equal(new Array<number>(8).fill(64_600))
  })

  it('refuses to keep more than a gigabyte, before it asks for the memory', async () => {
    const samples = new PlanarSamples(64, { maxFrames: Infinity })
    const before = await usedBytes()
    expect(() => samples.append([], 2 ** 22 + 1, 1))
      .to.throw()
      .with.property('code', 'AUDIO_TOO_LARGE')
    expect((await usedBytes()) - before).to.be.below(MEBIBYTE)
  })

  it('does not leak, whether clips are good or bad', async () => {
    const samples = integerSignal('speech-like', 20_000, 16)
    const good = [
      flacFile({ channels: [samples], bitsPerSample: 16 }),
      wavFile({ data: integerData([samples], 2), sampleRateHz: 12_000 }),
    ]
    const bad = badAudio.map(({ bytes }) => bytes())
    const round = async (): Promise<void> => {
      for (const bytes of good) await loadClip(bytes, { windowSamples: 4000 })
      for (const bytes of bad) await loadClip(bytes, { windowSamples: 4000 }).catch(() => undefined)
    }
    for (let i = 0; i < 5; i++) await round()
    const before = await usedBytes()
    for (let i = 0; i < 40; i++) await round()
    expect((await usedBytes()) - before).to.be.below(2 * MEBIBYTE)
  })

  it('prints nothing, installs no handlers and lets the process end', () => {
    const script = `
      const { loadClip } = require('./lib/audio')
      const { badAudio } = require('./test/audio/bad-audio')
      const events = ['uncaughtException', 'unhandledRejection', 'exit', 'beforeExit', 'SIGINT', 'SIGTERM', 'warning']
      const count = () => events.map(name => process.listenerCount(name)).join()
      const before = count()
      ;(async () => {
        for (const { bytes } of badAudio) await loadClip(bytes(), { windowSamples: 64600 }).catch(() => undefined)
        const { wavFile } = require('./test/audio/wav-files')
        await loadClip(wavFile({ data: Buffer.alloc(2000, 1), sampleRateHz: 8000 }), { windowSamples: 64600 })
        if (count() !== before) process.exitCode = 7
      })()`
    const result = spawnSync(process.execPath, ['--require', 'tsx/cjs', '--eval', script], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(result).to.include({ stdout: '', stderr: '', status: 0 })
  })

  it('loads the resampler only once it is needed', () => {
    const script = `
      const { decodeAudio } = require('./lib/audio')
      const { wavFile } = require('./test/audio/wav-files')
      decodeAudio(wavFile({ data: Buffer.alloc(2000, 1) }))
      const loaded = Object.keys(require.cache).filter(path => path.includes('libsamplerate'))
      process.stdout.write(String(loaded.length))`
    const result = spawnSync(process.execPath, ['--require', 'tsx/cjs', '--eval', script], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(result).to.include({ stdout: '0', stderr: '', status: 0 })
  })
})
