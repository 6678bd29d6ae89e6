/** What the fuzz targets of native/fuzz begin with, and once found, through the programs that users have. */
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { errorCode } from '../../lib/errors'
import { AclSession } from '../../lib/session'
import { modelPath } from '../session/support'
import { root } from '../support/environment'
import { atc, simulatedNpu } from '../support/native'
import { scratchFolder } from '../support/scratch-folder'

const seedsOf = (target: string): string[] => {
  const folder = join(root, 'native', 'fuzz', 'seeds', target)
  return readdirSync(folder).map(name => join(folder, name))
}

describe('a seed or finding of the fuzz target', function () {
  this.timeout(60_000)
  const npu = simulatedNpu()
  const scratch = scratchFolder()
  /** atc ends with 0 or 255, and says which in words; anything else is a crash. */
  const convert = (args: readonly string[]): void => {
    const { status, signal, stdout } = spawnSync(atc, args, { encoding: 'utf8', timeout: 30_000 })
    expect(signal, args.join(' ')).to.equal(null)
    expect(status, args.join(' ')).to.be.oneOf([0, 255])
    expect(stdout).to.match(status === 0 ? /ATC run success/ : /ATC run failed|E\d{5}|unknown/i)
  }

  for (const path of [...seedsOf('acl_model'), ...seedsOf('om_file')]) {
    it(`${path.slice(root.length + 1)} is a model, or refused as none`, async () => {
      try {
        await (await AclSession.create(readFileSync(path), { libraryPath: npu.libraryPath })).release()
      } catch (error) {
        expect(errorCode(error)).to.equal('MODEL_INVALID')
      }
      convert(['--mode=1', `--om=${path}`, `--json=${join(scratch(), 'model.json')}`])
    })
  }

  for (const path of seedsOf('onnx')) {
    it(`${path.slice(root.length + 1)} is compiled, or refused`, () => {
      const fixed = ['--framework=5', '--soc_version=Ascend310P3', `--output=${join(scratch(), 'model')}`]
      convert([`--model=${path}`, ...fixed])
    })
  }

  for (const path of seedsOf('atc_options')) {
    it(`${path.slice(root.length + 1)} is understood, or refused`, () => {
      const fixed = ['--framework=5', '--soc_version=Ascend310P3', `--output=${join(scratch(), 'model')}`]
      convert([`--model=${modelPath('dynamic-batch')}`, ...fixed, ...readFileSync(path, 'utf8').split('\n')])
    })
  }

  // Where it names a delay of a run, none is made: what counts is that a process with it in its environment lives.
  for (const path of seedsOf('settings')) {
    it(`${path.slice(root.length + 1)} is a setting of the simulator, or refused as none`, () => {
      // A variable of the environment ends at its first zero.
      const [text] = readFileSync(path, 'latin1').split('\0')
      const story = `require(${JSON.stringify(join(root, 'dist', 'session'))}).AclSession
        .create(process.argv[1], { libraryPath: process.argv[2] })
        .then(session => session.release())
        .then(() => console.log('ready'), error => console.log(error.code))`
      const { status, signal, stdout } = spawnSync(
        process.execPath,
        ['-e', story, npu.models.compile(modelPath('add')), npu.libraryPath],
        {
          encoding: 'utf8',
          timeout: 30_000,
          env: { ...process.env, ACL_SIM_FAULTS: text, ACL_SIM_EXEC_US: text },
        },
      )
      expect({ signal, status }).to.deep.equal({ signal: null, status: 0 })
      expect(stdout.trim()).to.match(/^(ready|ACL_[A-Z_]+)$/)
    })
  }
})
