/** The same table for sessions on an NPU, on the simulator; and what happens when a call into AscendCL never returns. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { requireTool, root } from '../support/environment'
import { OfflineModels, addonPath, requireSimulator, simulatorSettings } from '../support/native'
import { expectClean, lastReport } from '../support/simulator-report'
import { runScript } from './child'
import type { Ended } from './child'
import { compile } from './compiled'
import type { Compiled } from './compiled'
import { describeEndings, sources } from './table'
import type { Case } from './table'

describe('the end of a process with a session on an NPU', () => {
  let library: string
  let models: OfflineModels
  let reports: string
  before(function () {
    library = requireSimulator(this)
    models = new OfflineModels()
    renameSync(
      models.compile(join(root, 'test', 'fixtures', 'onnx', 'slow.onnx')),
      join(models.folder, 'slow.om'),
    )
    reports = mkdtempSync(join(tmpdir(), 'aasist-reports-'))
  })
  after(() => {
    models.remove()
    if (reports) rmSync(reports, { recursive: true, force: true })
  })
  const reportFile = (name: string): string => join(reports, `${name}.jsonl`)
  const environment = (name: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    ...simulatorSettings(),
    AASIST_ADDON: addonPath,
    AASIST_ACL_LIBRARY: library,
    ACL_SIM_REPORT: reportFile(name),
    // This process may have loaded AscendCL, which leaves it set.
    ASCEND_COREDUMP_SIGNAL: undefined,
    ...more,
  })
  const nameOf = ({ state, ending }: Case): string => `${state} ${ending}`.replaceAll(/\W+/g, '-')

  describeEndings({
    backEndsFor: () => ['npu'],
    surroundings: () => ({ models: models.folder, env: each => environment(nameOf(each)) }),
    further: each => {
      // A process that dies of a signal reports nothing.
      if (each.ending === 'SIGTERM' || each.ending === 'SIGINT') return
      if (existsSync(reportFile(nameOf(each)))) expectClean(lastReport(reportFile(nameOf(each))))
      else expect(each.state).to.equal('creating')
    },
  })

  describe('in stories of its own', () => {
    let compiled: Compiled
    before(() => {
      compiled = compile([...sources, 'test/lifecycle/acl-stories'])
    })
    after(() => compiled.remove())
    const story = (name: string, faults = '', flags: readonly string[] = []): Promise<Ended> =>
      runScript(compiled.script('test/lifecycle/acl-stories'), [name, models.folder], {
        flags,
        env: environment(name, { ACL_SIM_FAULTS: faults }),
      })
    const facts = ({ stdout }: Ended): unknown => JSON.parse(stdout) as unknown

    it('exits although a run never returns, after exitWaitMs and with a line that says so', async () => {
      const { status, signal, stderr, tookMs } = await story('exit', 'aclmdlExecute:hang')
      expect({ status, signal }).to.deep.equal({ status: 3, signal: null })
      expect(stderr).to.match(/^aasist-ascend: 1 session\(s\) or probe\(s\) did not end in time/)
      expect(tookMs).to.be.below(5000)
    })

    it('takes no run any more in an exit handler that comes after the end of all sessions', async () => {
      const ended = await story('run at exit')
      const { status, signal, stderr } = ended
      expect({ status, signal, stderr }).to.deep.equal({ status: 3, signal: null, stderr: '' })
      expect(facts(ended)).to.deep.equal({ running: 0 })
      expectClean(lastReport(reportFile('run at exit')))
    })

    it('rejects a run after the end of all sessions with SESSION_RELEASED', async () => {
      const ended = await story('run after leave')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(facts(ended)).to.include({
        run: 'SESSION_RELEASED',
        state: 'released',
        queued: 0,
        running: 0,
      })
      expectClean(lastReport(reportFile('run after leave')))
    })

    it('waits until the threads of all sessions are gone, and not only through', async () => {
      const ended = await story('threads after leave')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(facts(ended)).to.deep.equal({ left: [0] })
    })

    it('exits although loading never returns', async () => {
      const { status, signal, tookMs } = await story('load', 'aclmdlLoadFromFile:hang')
      expect({ status, signal }).to.deep.equal({ status: 3, signal: null })
      expect(tookMs).to.be.below(5000)
    })

    it('survives a worker_thread that is ended while it looks for devices', async () => {
      const ended = await story('terminate while looking')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(facts(ended)).to.deep.equal({ terminated: true, after: 'resolved' })
    })

    it('ends a worker_thread in which a run never returns, and goes on', async () => {
      const ended = await story('terminate', 'aclmdlExecute:hang@1')
      const { status, signal, stderr, tookMs } = ended
      expect({ status, signal, stderr }).to.deep.equal({ status: 0, signal: null, stderr: '' })
      expect(facts(ended)).to.deep.equal({ terminated: true, after: 'resolved' })
      expect(tookMs).to.be.below(5000)
    })

    it('releases a session in which a run never returns, leaves its thread and warns', async () => {
      const ended = await story('release', 'aclmdlExecute:hang')
      expect(ended.status).to.equal(0)
      expect(facts(ended)).to.deep.equal({
        run: 'SESSION_FAULTED',
        waited: 'SESSION_RELEASED',
        warning: 'ACL_THREAD_ABANDONED',
        state: 'faulted',
        later: 'SESSION_FAULTED',
      })
      expect(ended.tookMs).to.be.below(5000)
      // The exit does not wait for it once more.
      expect(ended.stderr).to.include('ACL_THREAD_ABANDONED').and.not.include('did not end')
    })

    it('bounds a run whose device does not answer with timeoutMs, and gives everything back', async () => {
      const ended = await story('timeout', 'task:hang')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(facts(ended)).to.deep.equal({
        run: 'RUN_TIMEOUT',
        waiting: 'SESSION_FAULTED',
        later: 'SESSION_FAULTED',
        state: 'faulted',
        warnings: 0,
      })
      expectClean(lastReport(reportFile('timeout')))
    })

    it('frees nothing that a device which does not answer may still be using, and warns', async () => {
      // Without the abort the task goes on for ever.
      const ended = await story('stuck', 'task:hang,aclrtStreamAbort:507000')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(facts(ended)).to.deep.equal({
        run: 'RUN_TIMEOUT',
        warning: 'ACL_MEMORY_ABANDONED',
        state: 'faulted',
      })
      expect(ended.tookMs).to.be.below(8000)
      const { problems, calls } = lastReport(reportFile('stuck'))
      expect(problems).to.deep.equal([])
      expect(calls['aclmdlUnload']).to.equal(undefined)
      expect(calls['aclrtFree']).to.equal(undefined)
    })

    it('frees nothing either when AscendCL refuses to unload the model', async () => {
      const ended = await story('stuck', 'task:hang,aclmdlUnload:545009')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(facts(ended)).to.include({ run: 'RUN_TIMEOUT', warning: 'ACL_MEMORY_ABANDONED' })
      expect(lastReport(reportFile('stuck')).calls['aclrtFree']).to.equal(undefined)
    })

    it('bounds it also where not even the call with the time-out returns', async () => {
      const ended = await story('timeout', 'aclmdlExecuteAsync:hang')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(facts(ended)).to.deep.equal({
        run: 'RUN_TIMEOUT',
        waiting: 'SESSION_FAULTED',
        later: 'SESSION_FAULTED',
        state: 'faulted',
        warnings: 1,
      })
    })

    it('finds a session faulted in which copying the inputs of a run never ends', async () => {
      const ended = await story('copying', 'aclrtMemcpy:hang')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(facts(ended)).to.deep.equal({
        first: 'RUN_TIMEOUT',
        waiting: 'SESSION_FAULTED',
        later: 'SESSION_FAULTED',
        states: ['ready', 'faulted'],
      })
    })

    it('goes on with a session in which copying the inputs of a run took longer than its timeoutMs', async () => {
      const ended = await story('slow copy', 'aclrtMemcpy:200ms@1')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(facts(ended)).to.deep.equal({
        first: 'RUN_TIMEOUT',
        waiting: 'resolved',
        state: 'ready',
        later: 'resolved',
      })
      expectClean(lastReport(reportFile('slow copy')))
    })

    it('refuses a run whose inputs there is no memory to copy, and takes the next one', async function () {
      requireTool(this, 'prlimit')
      const shape = '--input_shape=left:-1,3;right:-1,3'
      const add = models!.compile(join(root, 'test', 'fixtures', 'onnx', 'dynamic-batch.onnx'), [shape])
      copyFileSync(add, join(models!.folder, 'open.om'))
      const ended = await story('no memory')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(facts(ended)).to.deep.equal({
        large: 'ACL_OUT_OF_MEMORY',
        queued: 0,
        running: 0,
        small: 'resolved',
        state: 'released',
      })
      expectClean(lastReport(reportFile('no memory')))
    })

    it('tells V8 of the bytes of a model until it is loaded, or cannot be', async () => {
      const ended = await story('bytes of a model', 'aclmdlLoadFromMem:500ms')
      expect(ended.status, ended.stderr).to.equal(0)
      const { loadingBytes, afterwardsBytes, ...rest } = facts(ended) as Record<string, number>
      expect(rest).to.deep.equal({ opened: 'MODEL_INVALID', first: 7 })
      expect(loadingBytes).to.be.within(49e6, 51e6)
      expect(afterwardsBytes).to.be.within(-1e6, 1e6)
    })

    it('tells V8 of inputs that wait, and refuses those that there is no memory to let wait', async function () {
      requireTool(this, 'prlimit')
      const shape = '--input_shape=left:-1,3;right:-1,3'
      const add = models!.compile(join(root, 'test', 'fixtures', 'onnx', 'dynamic-batch.onnx'), [shape])
      copyFileSync(add, join(models!.folder, 'open.om'))
      const ended = await story('no memory to wait in', 'aclmdlExecute:1s@2')
      expect(ended.status, ended.stderr).to.equal(0)
      const { waitingBytes, takenBackBytes, ...rest } = facts(ended) as Record<string, number>
      expect(rest).to.deep.equal({
        huge: 'ACL_OUT_OF_MEMORY',
        queued: 11,
        running: 1,
        waiting: ['enough'],
        later: 'resolved',
        state: 'released',
      })
      // Ten times 4.8 MB.
      expect(waitingBytes).to.be.within(48_000_000, 49_000_000)
      expect(takenBackBytes).to.be.below(1_000_000)
      expectClean(lastReport(reportFile('no memory to wait in')))
    })

    for (const call of [
      'aclInit',
      'aclrtSetDevice',
      'aclrtCreateContext',
      'aclrtMalloc',
      'aclmdlLoadFromFile',
    ]) {
      it(`gives up a creation in which ${call} never returns when its signal says so, and exits in time`, async () => {
        const ended = await story('open hangs', `${call}:hang@1`)
        const { status, signal, stderr, tookMs } = ended
        expect({ status, signal }).to.deep.equal({ status: 3, signal: null })
        const timedOut = DOMException.TIMEOUT_ERR
        expect(facts(ended)).to.deep.equal({
          first: timedOut,
          inTime: true,
          // Only initialisation is one for all devices.
          second: call === 'aclInit' ? timedOut : 'resolved',
        })
        expect(stderr).to.match(/^aasist-ascend: [12] session\(s\) or probe\(s\) did not end in time/)
        expect(tookMs).to.be.below(8000)
      })
    }

    for (const call of ['aclmdlUnload', 'aclrtFree', 'aclrtDestroyContext', 'aclrtResetDevice']) {
      it(`releases a session of which ${call} never returns within exitWaitMs, and exits at once`, async () => {
        const ended = await story('release hangs', `${call}:hang`)
        const { status, signal, stderr, tookMs } = ended
        expect({ status, signal }, stderr).to.deep.equal({ status: 0, signal: null })
        expect(facts(ended)).to.deep.equal({
          warning: 'ACL_THREAD_ABANDONED',
          inTime: true,
          state: 'faulted',
        })
        expect(stderr).to.include('ACL_THREAD_ABANDONED').and.not.include('did not end')
        expect(tookMs).to.be.below(5000)
      })

      it(`exits although ${call} never returns, after exitWaitMs and with a line that says so`, async () => {
        const { status, signal, stderr, tookMs } = await story('exit hangs', `${call}:hang`)
        expect({ status, signal }).to.deep.equal({ status: 3, signal: null })
        expect(stderr).to.match(/^aasist-ascend: 1 session\(s\) or probe\(s\) did not end in time/)
        expect(tookMs).to.be.below(5000)
      })
    }

    it('leaves 200 forgotten sessions to the garbage collector', async function () {
      this.timeout(60_000)
      const ended = await story('forgotten', '', ['--expose-gc'])
      expect(ended.status, ended.stderr).to.equal(0)
      expect(ended.stderr).to.equal('')
      const { created, threadsLeft } = facts(ended) as Record<string, number>
      expect(created).to.equal(200)
      expect(threadsLeft).to.be.at.most(2)
      expectClean(lastReport(reportFile('forgotten')))
    })

    it('serves main and four worker_threads at once, and again after those have ended', async () => {
      const ended = await story('workers')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(ended.stderr).to.equal('')
      expect(facts(ended)).to.deep.equal({
        first: Array(5).fill('resolved'),
        second: Array(5).fill('resolved'),
      })
      const report = lastReport(reportFile('workers'))
      expectClean(report)
      expect(report.calls['aclInit']).to.equal(1)
      expect(report.calls['aclFinalize']).to.equal(undefined)
    })

    it('refuses bad models and bad inputs with typed errors, and leaks nothing', async () => {
      const folder = join(models!.folder, 'bad')
      mkdirSync(join(folder, 'folder.om'), { recursive: true })
      const add = join(root, 'test', 'fixtures', 'onnx', 'add.onnx')
      const whole = readFileSync(models!.compile(add))
      const otherSoc = readFileSync(models!.compile(add, ['--soc_version=Ascend910B1']))
      // A length field that claims 3 GB, wherever it is: each aligned word in the header in turn.
      const claims = Buffer.from(whole)
      for (let at = 8; at < 256; at += 4) {
        if (claims.readUInt32LE(at) > 16 && claims.readUInt32LE(at) <= whole.length)
          claims.writeUInt32LE(3_000_000_000, at)
      }
      const damaged = Buffer.from(whole)
      damaged[damaged.length >> 1]! ^= 0xff
      for (const [name, bytes] of [
        ['empty.om', Buffer.alloc(0)],
        ['onnx.om', readFileSync(add)],
        ['text.om', Buffer.from('IMOD and nothing more')],
        ['truncated.om', whole.subarray(0, whole.length - 20)],
        ['header.om', whole.subarray(0, 40)],
        ['claims.om', claims],
        ['damaged.om', damaged],
        ['other-soc.om', otherSoc],
      ] as const) {
        writeFileSync(join(folder, name), bytes)
      }
      const ended = await story('bad')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(ended.stderr).to.equal('')
      const codes = facts(ended) as Record<string, string>
      const inputs = {
        nothing: 'INPUT_MISSING',
        dtype: 'INPUT_TYPE',
        shape: 'INPUT_SHAPE',
        length: 'INPUT_SHAPE',
        name: 'INPUT_MISSING',
      }
      expect(Object.keys(codes)).to.have.length(9 + 8 + Object.keys(inputs).length)
      for (const [what, code] of Object.entries(codes)) {
        expect(code, what).to.equal(what in inputs ? inputs[what as keyof typeof inputs] : 'MODEL_INVALID')
      }
      expectClean(lastReport(reportFile('bad')))
    })

    it('loses no run when a device breaks down under a pool', async () => {
      const ended = await story('failover', 'aclmdlExecute:507015@5')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(facts(ended)).to.deep.equal({
        outcomes: ['resolved'],
        events: ['ACL_DEVICE_FAULT'],
        retried: 1,
        failovers: 1,
        done: 20,
      })
      expectClean(lastReport(reportFile('failover')))
    })

    it('opens models off the event loop', async () => {
      const ended = await story('opening', 'aclmdlLoadFromFile:500ms')
      expect(ended.status, ended.stderr).to.equal(0)
      expect((facts(ended) as { longestMs: number }).longestMs).to.be.below(200)
    })

    it('can wait for the run in progress on SIGTERM', async () => {
      const ended = await story('graceful')
      expect({ status: ended.status, stderr: ended.stderr }).to.deep.equal({ status: 0, stderr: '' })
      expect(facts(ended)).to.deep.equal({ first: 'resolved', second: 'SESSION_RELEASED' })
    })

    it('leaves signals to Node: CANN is told not to take them, unless the user says otherwise', async () => {
      const ended = await story('signals')
      expect(facts(ended)).to.deep.equal({ before: null, after: 'none', interrupts: 1 })
    })

    it('tolerates another user of AscendCL in the process, and never finalizes under it', async () => {
      const ended = await story('other', 'aclInit:100002')
      expect(ended.status, ended.stderr).to.equal(0)
      expect(facts(ended)).to.deep.equal({ code: 'ACL_RUNTIME', aclError: 145001 })
    })
  })
})
