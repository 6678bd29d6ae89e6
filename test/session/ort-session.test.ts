import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { OrtSession } from '../../lib/session'
import type { OrtSessionOptions } from '../../lib/session'
import { root } from '../support/environment'
import {
  ENDLESS,
  addFeeds,
  addResult,
  modelPath,
  rejection,
  slowFeeds,
  threadCount,
  until,
  workerProcesses,
} from './support'

const isolations = ['thread', 'process'] as const

describe('OrtSession.create', () => {
  it('takes the bytes of a model, and leaves them to the caller', async () => {
    const file = readFileSync(modelPath('add'))
    const shared = new Uint8Array(new SharedArrayBuffer(file.length))
    for (const bytes of [file, shared]) {
      bytes.set(file)
      const creating = OrtSession.create(bytes)
      bytes.fill(0)
      await using session = await creating
      expect((await session.run(addFeeds))['sum']!.data).to.deep.equal(Float32Array.from(addResult))
      expect(bytes.buffer.byteLength).to.be.at.least(file.length)
      bytes.set(readFileSync(modelPath('add')))
    }
  })

  it('takes a path relative to the current folder', async () => {
    await using session = await OrtSession.create(relative(process.cwd(), modelPath('add')))
    expect(session.inputNames).to.deep.equal(['a', 'b'])
  })

  it('runs strings through', async () => {
    await using session = await OrtSession.create(modelPath('text'))
    const { same } = await session.run({ words: { type: 'string', dims: [2], data: ['bona fide', '真'] } })
    expect(same).to.deep.equal({ type: 'string', dims: [2], data: ['bona fide', '真'] })
    const numbers = { words: { type: 'string', dims: [2], data: [1, 2] as unknown as string[] } } as const
    await rejection(session.run(numbers), 'INPUT_TYPE')
  })

  it('tells what it computes on', async () => {
    await using session = await OrtSession.create(modelPath('add'), { threads: 2 })
    expect(session.device).to.deep.equal({ kind: 'cpu', threads: 2 })
  })

  it('computes on as many threads as were asked for', async () => {
    const before = threadCount()
    const countWith = async (threads: number): Promise<number> => {
      await using session = await OrtSession.create(modelPath('add'), { isolation: 'thread', threads })
      await session.run(addFeeds)
      return threadCount() - before
    }
    const one = await countWith(1)
    await until(() => threadCount() <= before, 'the first worker to leave')
    expect((await countWith(4)) - one).to.equal(3)
  })

  for (const graphOptimization of ['disabled', 'basic', 'extended', 'all'] as const) {
    it(`gives the same result with graphOptimization ${graphOptimization}`, async () => {
      await using session = await OrtSession.create(modelPath('dynamic-batch'), { graphOptimization })
      const ones = { type: 'float32', dims: [1, 3], data: Float32Array.of(1, 1, 1) } as const
      const { total } = await session.run({ left: ones, right: ones })
      expect(total!.data).to.deep.equal(Float32Array.of(6))
    })
  }

  it('picks a worker thread on the main thread', async () => {
    await using session = await OrtSession.create(modelPath('add'))
    expect(session.isolation).to.equal('thread')
  })

  describe('refuses', () => {
    let folder: string
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'aasist-session-'))
    })
    after(() => rmSync(folder, { recursive: true }))

    it('a path where nothing is', () =>
      rejection(OrtSession.create(join(folder, 'none.onnx')), 'MODEL_NOT_FOUND'))
    it('a path through a file', () =>
      rejection(OrtSession.create(join(modelPath('add'), 'x.onnx')), 'MODEL_NOT_FOUND'))
    it('a path with a NUL', () => rejection(OrtSession.create('a\0b.onnx'), 'MODEL_NOT_FOUND'))
    it('a folder', () => rejection(OrtSession.create(folder), 'MODEL_INVALID'))
    it('a device', () => rejection(OrtSession.create('/dev/zero'), 'MODEL_INVALID'))
    it('no bytes', () => rejection(OrtSession.create(new Uint8Array(0)), 'MODEL_INVALID'))
    it('a model that is neither path nor bytes', () =>
      rejection(OrtSession.create({} as unknown as string), 'INVALID_ARGUMENT'))

    for (const isolation of isolations) {
      it(`a file that is no model (${isolation})`, async () => {
        const path = join(folder, 'no-model.onnx')
        writeFileSync(path, 'RIFF....WAVEfmt ')
        const error = await rejection(OrtSession.create(path, { isolation }), 'MODEL_INVALID')
        expect(error.detail).to.have.property('reason').that.is.a('string').and.not.equal('')
      })
    }

    it('every truncation of a model', async () => {
      const whole = readFileSync(modelPath('dynamic-batch'))
      for (let length = 1; length < whole.length; length += 40) {
        await rejection(OrtSession.create(whole.subarray(0, length)), 'MODEL_INVALID')
      }
    })

    const options: readonly [string, unknown, string][] = [
      ['an unknown option', { intraOpNumThreads: 1 }, 'UNKNOWN_OPTION'],
      ['options that are no object', 4, 'INVALID_ARGUMENT'],
      ['no threads', { threads: 0 }, 'INVALID_ARGUMENT'],
      ['half a thread', { threads: 0.5 }, 'INVALID_ARGUMENT'],
      ['an unknown isolation', { isolation: 'inline' }, 'INVALID_ARGUMENT'],
      ['a negative queueLimit', { queueLimit: -1 }, 'INVALID_ARGUMENT'],
      ['an unknown graphOptimization', { graphOptimization: 'max' }, 'INVALID_ARGUMENT'],
      ['a negative exitWaitMs', { exitWaitMs: -1 }, 'INVALID_ARGUMENT'],
      ['a signal that is none', { signal: 'stop' }, 'INVALID_ARGUMENT'],
    ]
    for (const [what, given, code] of options) {
      it(`${what} with ${code}`, () =>
        rejection(OrtSession.create(modelPath('add'), given as OrtSessionOptions), code))
    }
  })

  describe('given up through its signal', () => {
    it('before it began rejects with the reason', async () => {
      const outcome = OrtSession.create(modelPath('add'), { signal: AbortSignal.abort('never mind') })
      expect(await outcome.catch((reason: unknown) => reason)).to.equal('never mind')
    })

    for (const isolation of isolations) {
      it(`half way rejects at once and leaves no worker behind (${isolation})`, async () => {
        const threads = threadCount()
        const controller = new AbortController()
        const outcome = OrtSession.create(modelPath('slow'), { isolation, signal: controller.signal })
        await delay(20)
        controller.abort('never mind')
        expect(await outcome.catch((reason: unknown) => reason)).to.equal('never mind')
        await until(() => threadCount() <= threads && workerProcesses().length === 0, 'the worker to leave')
      })
    }
  })
})

describe('a run past its timeoutMs', () => {
  it('in a thread ends there by itself, and the session stays usable', async () => {
    await using session = await OrtSession.create(modelPath('slow'), { isolation: 'thread', threads: 1 })
    await rejection(session.run(slowFeeds({ rounds: 300 }), undefined, { timeoutMs: 20 }), 'RUN_TIMEOUT')
    await session.run(slowFeeds({ rounds: 1 }))
    expect(session.stats()).to.include({ state: 'ready', done: 1, failed: 1 })
  })

  it('in a process is killed with it: the session is faulted', async () => {
    const session = await OrtSession.create(modelPath('slow'), { isolation: 'process', threads: 1 })
    const running = session.run(slowFeeds({ rounds: ENDLESS }), undefined, { timeoutMs: 100 })
    const queued = [1, 2].map(x => rejection(session.run(slowFeeds({ rounds: 1, x })), 'SESSION_FAULTED'))
    await rejection(running, 'RUN_TIMEOUT')
    for (const error of await Promise.all(queued)) expect(error.detail).to.include({ started: false })
    await rejection(session.run(slowFeeds({ rounds: 1 })), 'SESSION_FAULTED')
    expect(session.stats()).to.include({ state: 'faulted', queued: 0, running: 0, failed: 3 })
    await session.release()
    expect(workerProcesses()).to.deep.equal([])
  })

  it('in a process is killed also when its caller had given it up before', async () => {
    const session = await OrtSession.create(modelPath('slow'), { isolation: 'process', threads: 1 })
    const controller = new AbortController()
    const run = session.run(slowFeeds({ rounds: ENDLESS }), undefined, {
      signal: controller.signal,
      timeoutMs: 100,
    })
    controller.abort()
    await run.catch(() => undefined)
    await rejection(session.run(slowFeeds({ rounds: 1 })), 'SESSION_FAULTED')
    await session.release()
  })
})

describe('a session in a process of its own', () => {
  it('whose process is killed rejects everything with SESSION_FAULTED', async () => {
    const session = await OrtSession.create(modelPath('slow'), { isolation: 'process' })
    const [pid] = workerProcesses()
    const running = session.run(slowFeeds({ rounds: ENDLESS }))
    const queued = session.run(slowFeeds({ rounds: 1 }))
    await delay(30)
    process.kill(pid!, 'SIGKILL')
    const error = await rejection(running, 'SESSION_FAULTED')
    expect(error.detail).to.include({ started: true }).and.to.have.property('reason').that.includes('SIGKILL')
    expect((await rejection(queued, 'SESSION_FAULTED')).detail).to.include({ started: false })
    await rejection(session.run(slowFeeds({ rounds: 1 })), 'SESSION_FAULTED')
    await session.release()
  })

  it('leaves Ctrl-C and SIGTERM to its parent', async () => {
    await using session = await OrtSession.create(modelPath('add'), { isolation: 'process' })
    const [pid] = workerProcesses()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid!, signal)
    await delay(50)
    expect((await session.run(addFeeds))['sum']!.data).to.deep.equal(Float32Array.from(addResult))
  })

  it('does not wait for a debugger because its parent has one', async () => {
    const before = process.env['NODE_OPTIONS']
    process.env['NODE_OPTIONS'] = '--inspect-brk=127.0.0.1:0'
    try {
      await using session = await OrtSession.create(modelPath('add'), { isolation: 'process' })
      await session.run(addFeeds)
    } finally {
      if (before === undefined) delete process.env['NODE_OPTIONS']
      else process.env['NODE_OPTIONS'] = before
    }
  })
})

describe('sessions in worker_threads', () => {
  it('work in several at once, each in a process by default', async () => {
    const source = `
      require(${JSON.stringify(require.resolve('tsx/cjs'))})
      const { OrtSession } = require(${JSON.stringify(join(root, 'lib', 'session', 'index.ts'))})
      const { parentPort, workerData } = require('node:worker_threads')
      void (async () => {
        const session = await OrtSession.create(workerData)
        const a = { type: 'float32', dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }
        const runs = await Promise.all(Array.from({ length: 20 }, () => session.run({ a, b: a })))
        await session.release()
        parentPort.postMessage({ isolation: session.isolation, sums: runs.map(run => [...run.sum.data]) })
      })()`
    const workers = [1, 2, 3].map(() => new Worker(source, { eval: true, workerData: modelPath('add') }))
    const exits = Promise.all(workers.map(worker => once(worker, 'exit')))
    const results = await Promise.all(
      workers.map(async worker => (await once(worker, 'message'))[0] as object),
    )
    for (const result of results) {
      expect(result).to.deep.equal({ isolation: 'process', sums: new Array(20).fill([2, 4, 6, 8, 10, 12]) })
    }
    await exits
  })

  it('may be made, run and released in four threads of one process at the same time', async () => {
    const lane = async (): Promise<void> => {
      for (let round = 0; round < 5; round++) {
        await using session = await OrtSession.create(modelPath('add'), { isolation: 'thread', threads: 1 })
        const runs = await Promise.all(Array.from({ length: 25 }, () => session.run(addFeeds)))
        for (const { sum } of runs) expect(sum!.data).to.deep.equal(Float32Array.from(addResult))
      }
    }
    await Promise.all([lane(), lane(), lane(), lane()])
  })
})
