/** Two copies of the package in one process, as npm installs them when two dependencies want different versions. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { modelPath } from '../session/support'
import { root } from '../support/environment'
import { addonPath, simulatedNpu, simulatorSettings } from '../support/native'
import { expectClean, lastReport } from '../support/simulator-report'
import { runScript } from './child'

describe('two copies of the package in one process', function () {
  this.timeout(60_000)
  const npu = simulatedNpu()
  let folder: string
  before(function () {
    folder = mkdtempSync(join(tmpdir(), 'aasist-copies-'))
    for (const copy of ['one', 'two']) {
      mkdirSync(join(folder, copy, 'build', 'Release'), { recursive: true })
      cpSync(join(root, 'dist'), join(folder, copy, 'dist'), { recursive: true })
      cpSync(join(root, 'package.json'), join(folder, copy, 'package.json'))
      cpSync(addonPath, join(folder, copy, 'build', 'Release', 'ascend_addon.node'))
      symlinkSync(join(root, 'node_modules'), join(folder, copy, 'node_modules'))
    }
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  async function tell(story: string): Promise<{ told: unknown; images: number; report: string }> {
    const report = join(folder, `${story.replaceAll(' ', '-')}.jsonl`)
    const paths = [join(folder, 'one'), join(folder, 'two')]
    const models = [npu.models.compile(modelPath('slow')), modelPath('slow')]
    const { stdout, stderr, status } = await runScript(
      join(root, 'test', 'lifecycle', 'two-copies.cjs'),
      [story, ...paths, ...models],
      {
        env: {
          ...simulatorSettings(),
          // Each copy finds its own.
          AASIST_ADDON: '',
          AASIST_ACL_LIBRARY: npu.libraryPath,
          ACL_SIM_REPORT: report,
        },
      },
    )
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
    return { ...(JSON.parse(stdout) as { told: unknown; images: number }), report }
  }

  const right = (count: number) => Array.from({ length: count }, () => 'right')

  /** Both initialise, and the second is told that it is done; neither finalizes; devices are given back as often as taken. */
  function expectShared(report: string, { initialised = 2 } = {}): void {
    const seen = lastReport(report)
    expectClean(seen)
    expect(seen.calls['aclInit']).to.equal(initialised)
    expect(seen.calls['aclFinalize']).to.equal(undefined)
    expect(seen.calls['aclrtResetDevice']).to.equal(seen.calls['aclrtSetDevice'])
  }

  for (const story of ['the first goes first', 'the second goes first']) {
    it(`have sessions on one NPU at once, and ${story}`, async () => {
      const { told, images, report } = await tell(story)
      expect({ told, images }).to.deep.equal({ told: right(4), images: 2 })
      expectShared(report)
    })
  }

  it('have sessions on one NPU after each other', async () => {
    const { told, images, report } = await tell('after each other')
    expect({ told, images }).to.deep.equal({ told: right(4), images: 2 })
    expectShared(report)
  })

  it('have sessions on the CPU at once', async () => {
    const { told } = await tell('on the CPU')
    expect(told).to.deep.equal(right(4))
  })

  it("know each other's errors by code, not by class", async () => {
    const { told, report } = await tell('errors')
    const codes = ['INPUT_SHAPE', 'SESSION_RELEASED', 'INVALID_ARGUMENT']
    expect(told).to.deep.equal([...codes, ...codes].map(code => [code, false]))
    expectShared(report)
  })

  it('register one back end with the onnxruntime they share', async () => {
    const { told, images, report } = await tell('behind onnxruntime')
    // The first one serves both.
    expect({ told, images }).to.deep.equal({ told: [1 + 1 / 256, 1 + 1 / 256], images: 1 })
    expectShared(report, { initialised: 1 })
  })

  it('work in main and four worker_threads at once', async () => {
    const { told, images, report } = await tell('in threads')
    expect({ told, images }).to.deep.equal({ told: Array.from({ length: 5 }, () => right(4)), images: 2 })
    expectShared(report)
  })

  it('leave together when the process ends while sessions of both compute', async () => {
    const { told, report } = await tell('left open')
    expect(told).to.deep.equal(['computing'])
    expectShared(report)
  })
})
