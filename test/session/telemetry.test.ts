import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../support/environment'

/** A process that runs a model once, with a home of its own: that is where onnxruntime keeps what it will report. */
function runWithHome(home: string, isolation: 'thread' | 'process'): void {
  const program = `
    const { OrtSession } = require('./lib/session')
    void (async () => {
      const session = await OrtSession.create('test/fixtures/onnx/add.onnx', { isolation: '${isolation}' })
      const one = { type: 'float32', dims: [2, 3], data: new Float32Array(6) }
      await session.run(Object.fromEntries(session.inputNames.map(name => [name, one])))
      await session.release()
    })()`
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: home,
    XDG_CACHE_HOME: join(home, '.cache'),
    TMPDIR: home,
  }
  // onnxruntime stays silent by itself where it sees a build server or an opt-out; this test must not rest on either.
  for (const name of ['ORT_DISABLE_TELEMETRY', 'CI', 'GITHUB_ACTIONS', 'TF_BUILD'])
    Reflect.deleteProperty(env, name)
  const { status, stderr } = spawnSync(process.execPath, ['--require', 'tsx/cjs', '--eval', program], {
    cwd: root,
    env,
  })
  expect(status, stderr.toString()).to.equal(0)
}

describe('the telemetry of onnxruntime', () => {
  for (const isolation of ['thread', 'process'] as const) {
    it(`is off: nothing is kept for it in the user's home, isolation ${isolation}`, () => {
      const home = mkdtempSync(join(tmpdir(), 'aasist-home-'))
      mkdirSync(join(home, '.cache'))
      try {
        runWithHome(home, isolation)
        expect(
          readdirSync(home, { recursive: true })
            .map(String)
            .filter(name => /onnxruntime|Microsoft|mat-debug/.test(name)),
        ).to.deep.equal([])
      } finally {
        rmSync(home, { recursive: true, force: true })
      }
    })
  }
})
