import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { findSimulator, simulatorEnvironment } from '../../lib/toolchain'
import { aasist, expectFailure, expectSuccess, scratchFolder, type Ended } from '../cli/support'
import { demoLines, speechWav, tinyModel, writeCorpus } from '../scoring/support'
import { root } from '../support/environment'
import { requireSimulatorBuild } from '../simulator/support'

/** In these nobody makes a file or a folder, root neither: the first answers ENOENT, the second EPERM or EROFS. */
const unwritable = ['/proc/aasist', '/sys/aasist']

describe('where nothing can be written', function () {
  this.timeout(60_000)
  const folder = scratchFolder()
  const model = ['--model', tinyModel.checkpoint]
  const onnx = join(root, 'test', 'fixtures', 'onnx', 'add.onnx')
  const clip = (): string => {
    const path = join(folder(), 'clip.wav')
    writeFileSync(path, speechWav())
    return path
  }
  const onSimulator = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
    ...simulatorEnvironment(findSimulator()),
    ...env,
  })
  before(function () {
    requireSimulatorBuild(this)
  })

  for (const place of unwritable) {
    const commands: Readonly<Record<string, () => Promise<Ended>>> = {
      'eval --out': () => {
        writeCorpus(join(folder(), 'LA'), demoLines(3))
        return aasist(['eval', ...model, '--data', join(folder(), 'LA'), '--out', place])
      },
      'convert --out': () =>
        aasist([
          ...['convert', '--checkpoint', tinyModel.checkpoint, '--config', tinyModel.config],
          ...['--target', 'cpu', '--out', join(place, 'x.onnx')],
        ]),
      'compile --out': () =>
        aasist(['compile', '--model', onnx, '--soc', 'Ascend310P3', '--out', join(place, 'x')], {
          env: onSimulator({}),
        }),
      'bench --output': () =>
        aasist(['bench', '--model', onnx, '--device', 'cpu', '--loop', '2', '--output', place]),
      'a model that is compiled into the cache (AASIST_CACHE)': () =>
        aasist(['score', ...model, '--device', 'npu', clip()], { env: onSimulator({ AASIST_CACHE: place }) }),
      'a model that is compiled by way of TMPDIR': () =>
        aasist(['score', ...model, '--device', 'npu', clip()], {
          env: onSimulator({ AASIST_CACHE: join(folder(), 'cache'), TMPDIR: place }),
        }),
    }
    for (const [what, run] of Object.entries(commands)) {
      it(`${what} says so: ${place}`, async () => {
        expectFailure(await run(), 1, 'OUTPUT_UNWRITABLE')
      })
    }
  }

  it('a score on the CPU needs neither cache nor temporary folder', async () => {
    const env = { AASIST_CACHE: unwritable[0], TMPDIR: unwritable[0] }
    expectSuccess(await aasist(['score', ...model, '--device', 'cpu', clip()], { env }))
  })

  it('auto takes the CPU where the model for the NPU cannot be kept, and says why', async () => {
    const ended = await aasist(['score', ...model, '--device', 'auto', clip()], {
      env: onSimulator({ AASIST_CACHE: unwritable[0] }),
    })
    expectSuccess(ended)
    expect(ended.stderr).to.match(/on the CPU: the cache cannot be used/)
  })
})
