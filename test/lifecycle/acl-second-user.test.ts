/** Somebody else in the process who uses AscendCL: what is theirs stays as it is, whatever our sessions do. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { requireTool, root } from '../support/environment'
import { OfflineModels, addonPath, requireSimulator, simulatorSettings } from '../support/native'
import { expectClean, lastReport, type SimulatorReport } from '../support/simulator-report'
import { runScript } from './child'
import { compile } from './compiled'
import type { Compiled } from './compiled'
import { sources } from './table'

// The package has no declarations of types.
const { include_dir: headers } = createRequire(__filename)('node-api-headers') as { include_dir: string }

describe('another user of AscendCL in the process', () => {
  let library: string
  let folder: string
  let om: string
  let addon: string
  let models: OfflineModels | undefined
  let compiled: Compiled | undefined
  before(function () {
    // A compiler runs, on a machine that may have other work.
    this.timeout(120_000)
    library = requireSimulator(this)
    requireTool(this, 'gcc')
    models = new OfflineModels()
    om = models.compile(join(root, 'test', 'fixtures', 'onnx', 'slow.onnx'))
    folder = mkdtempSync(join(tmpdir(), 'aasist-second-user-'))
    addon = join(folder, 'second-user.node')
    const source = join(root, 'test', 'lifecycle', 'second-user.c')
    execFileSync('gcc', ['-shared', '-fPIC', '-O1', `-I${headers}`, source, '-ldl', '-o', addon])
    compiled = compile([...sources, 'test/lifecycle/second-user-stories'])
  })
  after(() => {
    compiled?.remove()
    models?.remove()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  async function tell(story: string): Promise<{ facts: object; report: SimulatorReport }> {
    const file = join(folder, `${story.replaceAll(' ', '-')}.jsonl`)
    const { stdout, stderr, status } = await runScript(
      compiled!.script('test/lifecycle/second-user-stories'),
      [story, om, addon, library],
      {
        env: {
          ...simulatorSettings(),
          AASIST_ADDON: addonPath,
          AASIST_ACL_LIBRARY: library,
          ACL_SIM_REPORT: file,
        },
      },
    )
    expect(status, stderr).to.equal(0)
    expect(stderr).to.equal('')
    return { facts: JSON.parse(stdout) as object, report: lastReport(file) }
  }

  function expectCleanAndNotFinalized(report: SimulatorReport): void {
    expectClean(report)
    expect(report.calls['aclFinalize']).to.equal(undefined)
  }

  it('that comes first keeps its device, context and memory while sessions come and go, and after them', async () => {
    const { facts, report } = await tell('first')
    expect(facts).to.deep.equal({ begun: 0, codes: Array(7).fill(0), ended: 0 })
    expectCleanAndNotFinalized(report)
    // Ours was answered 100002, once.
    expect(report.calls['aclInit']).to.equal(2)
    expect(report.calls['aclrtSetDevice']).to.equal(4)
    expect(report.calls['aclrtResetDevice']).to.equal(4)
  })

  it('that comes second is told so by AscendCL, and finds it neither finalized nor reset', async () => {
    const { facts, report } = await tell('in between')
    expect(facts).to.deep.equal({ begun: 100002 })
    expectCleanAndNotFinalized(report)
  })

  it('that works in another thread all the time is not disturbed', async () => {
    const { facts, report } = await tell('in a worker')
    expect(facts).to.deep.equal({ begun: 0, codes: [0], several: true })
    expectCleanAndNotFinalized(report)
  })
})
