import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { convertCheckpoint, encoderStrideSamples, type ConvertTarget } from '../../lib/model'
import { readOnnx } from '../../lib/model/onnx/read'
import { inferShapes } from '../../lib/model/shapes'
import { root } from '../support/environment'
import { largestDifference, rowOf, runOnnx } from '../support/run-onnx'

const tiny = join(root, 'test', 'fixtures', 'checkpoints', 'tiny-random')
const demo = join(root, 'models', 'demo', 'aasist-l-demo')

interface Network {
  readonly checkpoint: Uint8Array
  readonly config: string
  readonly windowSamples: number
}

/** The network of a checkpoint, with windows of another length where one is given. */
function network(path: string, windowSamples?: number): Network {
  const config = JSON.parse(readFileSync(`${path}.conf`, 'utf8')) as { model_config: { nb_samp: number } }
  if (windowSamples !== undefined) config.model_config.nb_samp = windowSamples
  return {
    checkpoint: readFileSync(`${path}.pth`),
    config: JSON.stringify(config),
    windowSamples: config.model_config.nb_samp,
  }
}

/** Something in every band at every time, and never the same again. */
function sweep(samples: number): Float32Array {
  return Float32Array.from(
    { length: samples },
    (_, at) => 0.4 * Math.sin(at * at * 1e-5) + 0.1 * Math.sin(at / 7),
  )
}

/** Largest difference of any output of any window to the plain network's for that window alone. */
async function differenceToSeparate(
  { checkpoint, config, windowSamples }: Network,
  windows: { readonly count: number; readonly hopSamples: number },
  target: ConvertTarget,
): Promise<number> {
  const samples = sweep((windows.count - 1) * windows.hopSamples + windowSamples)
  const shared = await runOnnx(convertCheckpoint(checkpoint, config, { windows, target }), [samples])
  const each = Array.from({ length: windows.count }, (_, at) =>
    samples.subarray(at * windows.hopSamples, at * windows.hopSamples + windowSamples),
  )
  const separate = await runOnnx(convertCheckpoint(checkpoint, config, { batch: windows.count }), each)
  return Math.max(
    ...each.flatMap((_, row) =>
      ['logits', 'last_hidden'].map(name =>
        largestDifference(rowOf(shared[name]!, row), rowOf(separate[name]!, row)),
      ),
    ),
  )
}

describe('windows that share the encoder', () => {
  // Six poolings by three leave 0, 1 and 2 frames over in turn, at every level.
  for (const windowSamples of [12_000, 13_333, 14_000, 15_000, 16_384, 20_011, 24_000, 30_007]) {
    it(`have the outputs of separate ones: ${windowSamples} samples each`, async () => {
      const difference = await differenceToSeparate(
        network(tiny, windowSamples),
        { count: 4, hopSamples: encoderStrideSamples },
        'plain',
      )
      expect(difference).to.be.below(1e-6)
    })
  }

  for (const [target, bound] of [
    ['plain', 1e-5],
    ['cpu', 2e-5],
    ['npu', 1e-5],
  ] as const) {
    it(`have the outputs of separate ones with AASIST-L and target ${target}`, async function () {
      this.timeout(60_000)
      const windows = { count: 3, hopSamples: 3 * encoderStrideSamples }
      expect(await differenceToSeparate(network(demo), windows, target)).to.be.below(bound)
    })
  }

  it('keep of a long stretch no map whole but the few between groups of blocks, on CPUs', () => {
    const { checkpoint, config, windowSamples } = network(demo)
    const windows = { count: 15, hopSamples: 4 * encoderStrideSamples }
    const graph = readOnnx(convertCheckpoint(checkpoint, config, { windows, target: 'cpu' }))
    const frames = Math.floor((14 * windows.hopSamples + windowSamples - 128) / 3)
    const whole = [...inferShapes(graph)].filter(
      ([, shape]) => shape.length === 4 && shape[0] === 1 && shape[3]! * 27 > 0.9 * frames && shape[1]! > 1,
    )
    // Behind the second block, of nine frames each.
    expect(whole.map(([, shape]) => shape)).to.deep.equal([[1, 32, 23, Math.floor(frames / 9)]])
  })

  it('have them also where none reaches into the next one', async () => {
    const windows = { count: 2, hopSamples: 12 * encoderStrideSamples }
    expect(await differenceToSeparate(network(tiny), windows, 'cpu')).to.be.below(2e-5)
  })

  it('begin at multiples of what an encoder frame stands for, several in a run, not too many', () => {
    const { checkpoint, config } = network(tiny)
    for (const windows of [
      { count: 4, hopSamples: 1000 },
      { count: 4, hopSamples: 0 },
      { count: 1, hopSamples: encoderStrideSamples },
      { count: 2.5, hopSamples: encoderStrideSamples },
      { count: 1024, hopSamples: 100 * encoderStrideSamples },
    ]) {
      expect(() => convertCheckpoint(checkpoint, config, { windows }))
        .to.throw()
        .with.property('code', 'INVALID_ARGUMENT')
    }
    const both = { batch: 2, windows: { count: 2, hopSamples: encoderStrideSamples } }
    expect(() => convertCheckpoint(checkpoint, config, both))
      .to.throw()
      .with.property('code', 'INVALID_ARGUMENT')
  })

  it('are in tiles on the CPU unless none are wanted, which other targets do not have', () => {
    const { checkpoint, config } = network(tiny)
    const windows = { count: 2, hopSamples: encoderStrideSamples }
    const convolutions = (tiles?: readonly []): number =>
      readOnnx(
        convertCheckpoint(checkpoint, config, { windows, target: 'cpu', ...(tiles && { tiles }) }),
      ).nodes.filter(({ op }) => op === 'Conv').length
    expect(convolutions()).to.be.above(2 * convolutions([]))
    for (const target of ['plain', 'npu'] as const) {
      expect(() => convertCheckpoint(checkpoint, config, { target, tiles: [] }))
        .to.throw()
        .with.property('code', 'INVALID_ARGUMENT')
    }
  })

  it('are refused where a window has nothing but its two ends', () => {
    const { checkpoint, config } = network(tiny, 5000)
    const windows = { count: 2, hopSamples: encoderStrideSamples }
    expect(() => convertCheckpoint(checkpoint, config, { windows }))
      .to.throw()
      .with.property('code', 'CONFIG_INVALID')
  })
})
