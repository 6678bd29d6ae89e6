/** Whatever a process is doing with its sessions, it ends the way its owner meant, in bounded time, and says nothing. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { root } from '../support/environment'
import { until, workerProcesses } from '../session/support'
import { runScript } from './child'
import type { Ended } from './child'
import { compile } from './compiled'
import type { Compiled } from './compiled'
import { describeEndings, isInWorker, processesWith, sources } from './table'

const models = join(root, 'test', 'fixtures', 'onnx')

describe('the end of a process with a CPU session', () => {
  describeEndings({
    part: 'half',
    // A worker_thread gets the isolation it is given by default; on the main thread both are looked at.
    backEndsFor: ending => (isInWorker(ending) ? ['default'] : ['thread', 'process']),
    surroundings: () => ({ models }),
  })

  let compiled: Compiled
  before(() => {
    compiled = compile(sources)
  })
  after(() => compiled.remove())

  describe('in stories of its own', () => {
    const story = (name: string, isolation: string, options = {}): Promise<Ended> =>
      runScript(compiled.script('test/lifecycle/stories'), [name, models, isolation], options)

    it('waits no longer than exitWaitMs for a run in progress, then kills itself', async () => {
      const { signal, stderr, tookMs } = await story('overdue', 'thread')
      expect({ signal, stderr }).to.deep.equal({ signal: 'SIGKILL', stderr: '' })
      expect(tookMs).to.be.below(5000)
    })

    it('takes a computing child process along when it is killed', async () => {
      let children: number[] = []
      const { signal } = await story('killed', 'process', {
        onPrint: (pid: number) => {
          children = workerProcesses(pid)
          process.kill(pid, 'SIGKILL')
        },
      })
      expect(signal).to.equal('SIGKILL')
      expect(children).to.have.length(1)
      await until(
        () => processesWith(dirname(compiled.script('x'))).length === 0,
        'the child to be gone',
        2000,
      )
    })

    it('is not needed for a child process to go: terminating the worker_thread that owns it is enough', async () => {
      let watched: Promise<void> | undefined
      await story('terminated', 'process', {
        onPrint: (pid: number) => {
          watched = until(() => workerProcesses(pid).length === 0, 'the child to be gone', 2000)
          void watched.catch(() => undefined).then(() => process.kill(pid, 'SIGTERM'))
        },
      })
      expect(watched, 'the process reported').not.to.equal(undefined)
      await watched
    })

    for (const isolation of ['thread', 'process']) {
      it(`can wait for the run in progress on SIGTERM (${isolation})`, async () => {
        const { status, stdout, stderr } = await story('graceful', isolation)
        expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
        expect(JSON.parse(stdout)).to.deep.equal({ first: 'resolved', second: 'SESSION_RELEASED' })
      })

      it(`is not held up by a run nobody waits for (${isolation})`, async () => {
        const { status, stdout, stderr, tookMs } = await story('discarded', isolation)
        expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
        expect(JSON.parse(stdout)).to.deep.equal({ run: 'given up' })
        expect(tookMs).to.be.below(5000)
      })

      it(`prints nothing onnxruntime would have printed (${isolation})`, async () => {
        const { status, stdout, stderr } = await story('noisy', isolation)
        expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
        expect(JSON.parse(stdout)).to.deep.equal({ run: 'RUN_FAILED', create: 'MODEL_INVALID' })
      })
    }
  })

  describe('when the worker thread ends out of turn', () => {
    let folder: string
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'aasist-lifecycle-'))
    })
    afterEach(() => rmSync(folder, { recursive: true }))
    const story = (name: string): Promise<Ended> =>
      runScript(compiled.script('test/lifecycle/stories'), [name, models, 'thread'], {
        flags: ['--require', join(__dirname, 'die-in-worker.cjs')],
        env: { DIE_ONCE_MARKER: join(folder, 'died') },
      })

    it('everything pending rejects with SESSION_FAULTED', async () => {
      const { status, stdout, stderr } = await story('dying')
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
      const { outcomes, later, state, queued, running } = JSON.parse(stdout) as Record<string, unknown>
      expect({ later, state, queued, running }).to.deep.equal({
        later: 'SESSION_FAULTED',
        state: 'faulted',
        queued: 0,
        running: 0,
      })
      expect(outcomes).to.deep.equal(['SESSION_FAULTED', 'resolved'])
    })

    it('a pool goes on with another one', async () => {
      const { status, stdout, stderr } = await story('failover')
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
      expect(JSON.parse(stdout)).to.deep.equal({ outcomes: ['resolved'], lost: true })
    })
  })
})

describe('without onnxruntime-node', () => {
  let folder: string
  let compiled: Compiled
  before(() => {
    // Outside of the repository nothing is found in node_modules.
    folder = mkdtempSync(join(tmpdir(), 'aasist-lifecycle-'))
    compiled = compile(sources, folder)
  })
  after(() => compiled.remove())

  for (const isolation of ['thread', 'process']) {
    it(`create rejects with CPU_BACKEND_MISSING and the command that helps (${isolation})`, async () => {
      const script = compiled.script('test/lifecycle/stories')
      const { status, stdout, stderr } = await runScript(script, ['missing', models, isolation])
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
      const { code, message } = JSON.parse(stdout) as Record<string, string>
      expect(code).to.equal('CPU_BACKEND_MISSING')
      expect(message).to.include('ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node')
    })
  }
})
