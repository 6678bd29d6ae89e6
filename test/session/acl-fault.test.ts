/** A device that breaks down in the middle of the work, from the code AscendCL answers to what a caller sees. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { runScript } from '../lifecycle/child'
import { compile } from '../lifecycle/compiled'
import type { Compiled } from '../lifecycle/compiled'
import { sources } from '../lifecycle/table'
import { OfflineModels, addonPath, requireSimulator, simulatorSettings } from '../support/native'
import { expectClean, lastReport, type SimulatorReport } from '../support/simulator-report'
import { modelPath } from './support'

describe('a device that breaks down', () => {
  let library: string
  let om: string
  let folder: string
  let models: OfflineModels | undefined
  let compiled: Compiled | undefined
  before(function () {
    // A compiler runs, on a machine that may have other work.
    this.timeout(120_000)
    library = requireSimulator(this)
    models = new OfflineModels()
    om = models.compile(modelPath('slow'))
    folder = mkdtempSync(join(tmpdir(), 'aasist-faults-'))
    compiled = compile([...sources, 'test/session/acl-fault-probe'])
  })
  after(() => {
    compiled?.remove()
    models?.remove()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  async function tell(
    story: string,
    faults: string,
    more: NodeJS.ProcessEnv = {},
  ): Promise<{ facts: object; report: SimulatorReport }> {
    const file = join(folder, `${story}-${faults.replaceAll(/\W+/g, '-')}.jsonl`)
    const { stdout, stderr, status } = await runScript(
      compiled!.script('test/session/acl-fault-probe'),
      [story, om],
      {
        env: {
          ...simulatorSettings(),
          AASIST_ADDON: addonPath,
          AASIST_ACL_LIBRARY: library,
          ACL_SIM_FAULTS: faults,
          ACL_SIM_REPORT: file,
          ...more,
        },
      },
    )
    expect(status, stderr).to.equal(0)
    return { facts: JSON.parse(stdout) as object, report: lastReport(file) }
  }

  const faulted = {
    before: ['resolved', 'resolved'],
    third: 'ACL_DEVICE_FAULT',
    waiting: 'SESSION_FAULTED',
    state: 'faulted',
    later: 'SESSION_FAULTED',
    warnings: 0,
  }

  for (const story of ['session', 'session with timeoutMs']) {
    for (const code of [507015, 507018, 507035, 507042]) {
      it(`with ${code} faults its ${story}, which gives everything back`, async () => {
        const { facts, report } = await tell(story, `task:${code}@3`)
        expect(facts).to.deep.equal(faulted)
        expectClean(report)
        expect(report.calls['aclmdlUnload']).to.equal(1)
        expect(report.calls['aclrtDestroyStreamForce']).to.equal(1)
      })
    }
  }

  for (const faults of [
    'aclmdlExecute:507899@3',
    'aclmdlExecute:507033@3',
    'aclmdlExecute:207004@3',
    // Two inputs and one output a run.
    'aclrtMemcpy:507899@7',
    'aclrtMemcpy:507901@8',
  ]) {
    it(`because the driver lost it (${faults}) is a fault, and no missing device`, async () => {
      const { facts, report } = await tell('session', faults)
      expect(facts).to.deep.equal(faulted)
      expectClean(report)
    })
  }

  for (const faults of ['aclmdlExecuteAsync:507899@3', 'aclrtSynchronizeStreamWithTimeout:507901@3']) {
    it(`because the driver lost it (${faults}) is a fault with timeoutMs too`, async () => {
      const { facts, report } = await tell('session with timeoutMs', faults)
      expect(facts).to.deep.equal(faulted)
      expectClean(report)
    })
  }

  for (const [story, faults] of [
    ['session with timeoutMs', 'aclrtSynchronizeStreamWithTimeout:507901@3-'],
    // It works in a stream of its own: that ours is empty says nothing.
    ['session', 'aclmdlExecute:507901@3'],
  ] as const) {
    it(`and of which nothing is heard any more keeps the memory it may still use (${faults})`, async () => {
      const { facts, report } = await tell(story, faults)
      expect(facts).to.deep.equal({ ...faulted, warnings: 1 })
      expect(report.problems).to.deep.equal([])
      expect(report.calls['aclrtFree']).to.equal(undefined)
      expect(report.calls['aclmdlUnload']).to.equal(undefined)
    })
  }

  it('is not used while it may be at work, after waiting for it failed for whatever reason', async () => {
    // The call fails at once, and the run it should have waited for takes 300 ms.
    const { facts, report } = await tell(
      'work goes on',
      'task:300ms,aclrtSynchronizeStreamWithTimeout:500000@1-2',
    )
    expect(facts).to.deep.equal({ first: 'RUN_FAILED', second: 'SESSION_FAULTED', state: 'faulted' })
    expectClean(report)
  })

  it("and whose failure is only the run's leaves the session as it is", async () => {
    const { facts, report } = await tell('work goes on', 'aclrtSynchronizeStreamWithTimeout:500000@1')
    expect(facts).to.deep.equal({ first: 'RUN_FAILED', second: 'resolved', state: 'ready' })
    expectClean(report)
  })

  for (const faults of ['task:507018@3', 'aclmdlExecute:507899@3', 'aclrtMemcpy:507901@8']) {
    it(`is one of two in a pool, which loses nothing (${faults})`, async () => {
      const { facts, report } = await tell('pool', faults)
      expect(facts).to.deep.equal({
        outcomes: ['resolved'],
        events: ['ACL_DEVICE_FAULT'],
        done: 20,
        failed: 0,
        failovers: 1,
        retried: 1,
        state: 'ready',
      })
      expectClean(report)
    })
  }

  const npu = (id: number): object => ({ kind: 'npu', id, socName: 'Ascend310P3' })
  for (const [faults, code] of [
    ['task:hang@3', 'RUN_TIMEOUT'],
    ['task:507018@3', 'ACL_DEVICE_FAULT'],
  ] as const) {
    it(`leaves its run to another device, and the pool tells where it failed (${faults})`, async function () {
      this.timeout(30_000)
      const { facts } = await tell('attempts', faults, { PROBE_DEVICES: '2,3' })
      expect(facts)
        .to.include({ done: 8, retried: 1 })
        .and.deep.include({ outcomes: ['resolved'] })
      const { histories } = facts as { histories: readonly object[] }
      expect(histories).to.have.length(1)
      expect([[[npu(2), code]], [[npu(3), code]]]).to.deep.include(histories[0])
    })
  }

  it('by not answering is no reason to try again on itself', async function () {
    this.timeout(30_000)
    const { facts } = await tell('attempts', 'task:hang@1-2', { PROBE_DEVICES: '0' })
    expect(facts).to.deep.include({ outcomes: ['RUN_TIMEOUT', 'resolved'], done: 6, retried: 0 })
    expect((facts as { histories: object[] }).histories).to.deep.equal([
      [[npu(0), 'RUN_TIMEOUT']],
      [[npu(0), 'RUN_TIMEOUT']],
    ])
  })

  it('by not answering does not keep from the CPU what was left to it in npu+cpu', async () => {
    const { facts } = await tell('beside the CPU', 'task:hang@2', {
      ...{ ACL_SIM_DEVICES: '1', ACL_SIM_EXEC_US: '100', PROBE_ONNX: modelPath('slow') },
    })
    expect(facts).to.deep.equal({ first: ['npu', 'cpu'], behind: 'cpu', hangs: true })
  })

  it('by not answering is not given what comes after its caller has given up', async () => {
    const { facts } = await tell('beside the CPU', 'task:hang@2', {
      ...{ ACL_SIM_DEVICES: '1', ACL_SIM_EXEC_US: '100', PROBE_ONNX: modelPath('slow'), PROBE_GIVE_UP: '1' },
    })
    expect(facts).to.deep.equal({ first: ['npu', 'cpu'], behind: 'cpu', hangs: true })
  })

  it('before it is there at all: auto takes the CPU, and the device says why', async () => {
    const onnx = modelPath('slow')
    const { facts } = await tell('auto', '', { ACL_SIM_DEVICES: '0', PROBE_ONNX: onnx })
    const { session, pool, asked } = facts as Record<string, { kind: string; reason?: string }>
    for (const found of [session!, pool!]) {
      expect(found.kind).to.equal('cpu')
      expect(found.reason)
        .to.match(/finds no NPU/)
        .and.match(/\(ACL_NO_DEVICE\)$/)
        .and.not.match(/\n/)
    }
    expect(asked).to.include({ kind: 'cpu' }).and.not.have.property('reason')
    const there = (await tell('auto', '', { PROBE_ONNX: onnx })).facts
    expect(there).to.have.deep.property('session', npu(0))
  })
})
