/** Registering with onnxruntime: once, again, in threads, from ES modules, and where somebody or something is in the way. */
import { rmSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { runScript } from '../lifecycle/child'
import type { RunScript } from '../lifecycle/child'
import { compile } from '../lifecycle/compiled'
import type { Compiled } from '../lifecycle/compiled'
import { modelPath } from '../session/support'
import { addonPath, simulatedNpu, simulatorSettings } from '../support/native'

const stories = 'test/onnxruntime/registration-stories'
/** With what is started beside the caller, which TypeScript does not see. */
const sources = [stories, 'lib/session/ort-worker', 'lib/session/ort-child']

describe('registerAscendBackend', () => {
  const npu = simulatedNpu()
  let compiled: Compiled | undefined
  before(function () {
    this.timeout(120_000)
    compiled = compile(sources)
  })
  after(() => compiled?.remove())

  async function run(script: string, args: readonly string[], options: RunScript = {}): Promise<unknown> {
    const environment = { AASIST_ADDON: addonPath, AASIST_ACL_LIBRARY: npu.libraryPath }
    const { stdout, stderr, status } = await runScript(script, args, {
      ...options,
      env: { ...simulatorSettings(), ...environment },
    })
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
    return JSON.parse(stdout) as unknown
  }
  const slow = () => npu.models.compile(modelPath('slow'))
  const result = 'y = 1.00390625'

  it('makes the back end known to the onnxruntime of its thread', async () => {
    expect(await run(compiled!.script(stories), ['once', slow()])).to.deep.equal(['registered', result])
  })

  it('may be called again, in any thread, and tells what is in its way', async () => {
    const another = ['INVALID_ARGUMENT', 'Error: another back end']
    expect(await run(compiled!.script(stories), ['each in a thread', slow()])).to.deep.equal({
      once: ['registered', result],
      twice: ['registered', result, 'registered', 'registered', result],
      'an ort that is given': ['registered', result, 'registered'],
      'no ort': ['INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'],
      'misspelt option': ['UNKNOWN_OPTION'],
      'another before': another,
      'another before, of higher priority': another,
      'another before, of lower priority': another,
    })
  })

  it('works from an ES module', async () => {
    const ours = pathToFileURL(compiled!.script('lib/onnxruntime/index')).href
    const code = `
      import * as ort from 'onnxruntime-node'
      import { registerAscendBackend } from ${JSON.stringify(ours)}
      registerAscendBackend()
      registerAscendBackend({ ort })
      const session = await ort.InferenceSession.create(process.argv[1], { executionProviders: ['ascend'] })
      console.log(JSON.stringify(session.outputNames))
      await session.release()`
    const flags = ['--input-type=module', '--eval', code]
    expect(await run(slow(), [], { flags })).to.deep.equal(['y'])
  })

  it('tells with CPU_BACKEND_MISSING that there is no onnxruntime-node', async function () {
    this.timeout(120_000)
    // Outside of the repository nothing is found in node_modules.
    const folder = mkdtempSync(join(tmpdir(), 'aasist-nowhere-'))
    try {
      const elsewhere = compile(sources, folder)
      expect(await run(elsewhere.script(stories), ['nowhere'])).to.deep.equal(['CPU_BACKEND_MISSING'])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
