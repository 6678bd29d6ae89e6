import { expect } from 'chai'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cloneInto, setUpTimes } from './clone'
import { npmFolder, type NpmMajor } from './npm-versions'
import { run, succeed, Tripwires, type Ran } from './programs'

const offline = { npm_config_offline: 'true' }

describe('a fresh clone', function () {
  this.timeout(600_000)
  let scratch: string
  let tripwires: Tripwires
  const npms = new Map<NpmMajor, string>()
  before(function () {
    scratch = mkdtempSync(join(tmpdir(), 'aasist-clone-'))
    tripwires = new Tripwires(join(scratch, 'tripwires'))
    for (const major of [10, 11] as const) npms.set(major, npmFolder(major, scratch))
  })
  after(() => rmSync(scratch, { recursive: true, force: true }))

  /** In the clone, with that npm, and with tripwires for compilers. */
  const call = (major: NpmMajor, command: string, env: NodeJS.ProcessEnv = {}): Ran => {
    const [program, ...args] = command.split(' ')
    return run(program!, args, { folder: clone(major), env, first: [tripwires.folder, npms.get(major)!] })
  }
  const clone = (major: NpmMajor) => join(scratch, `clone, npm ${major}`)

  describe('with npm 11', function () {
    before(() => cloneInto(clone(11)))
    const version = { code: 0, stdout: '0.1.0\n' }
    const notBuilt = { code: 1, stderr: 'aasist: this checkout is not built yet; npm run build does that\n' }
    const npx = (major: NpmMajor) =>
      run('npx', ['--loglevel', 'error', 'aasist', '--version'], {
        folder: clone(11),
        env: { npm_config_cache: join(scratch, `npx-${major}`), ...offline },
        first: [npms.get(major)!],
      })

    it('npx aasist says what to do before anything was built, and npm keeps the link it makes now', function () {
      for (const major of [10, 11] as const) expect(npx(major)).to.deep.include(notBuilt)
    })

    it('npm run demo installs, compiles and scores the clips, and calls no compiler', function () {
      const { code, stdout, stderr } = call(11, 'npm run demo')
      expect(code, stderr).to.equal(0)
      expect(stderr)
        .to.match(/^set-up: installing packages$/m)
        .and.match(/^set-up: compiling$/m)
      expect(stdout)
        .to.match(/^EER +\d+\.\d+ %$/m)
        .and.match(/^min t-DCF +\d\.\d+ /m)
      expect(stdout.match(/^DEMO_E_\d+ /gm)).to.have.length(37)
      expect(tripwires.called()).to.equal('')
    })

    it('npm run demo installs and compiles nothing the second time, and needs no network', function () {
      const before = setUpTimes(clone(11))
      const { code, stderr } = call(11, 'npm run demo', offline)
      expect(code, stderr).to.equal(0)
      expect(stderr).not.to.include('set-up')
      expect(setUpTimes(clone(11))).to.deep.equal(before)
    })

    it('npx aasist runs the build of the clone, also after dist was deleted and compiled again', function () {
      for (const major of [10, 11] as const) expect(npx(major)).to.include(version)
      rmSync(join(clone(11), 'dist'), { recursive: true })
      for (const major of [10, 11] as const) expect(npx(major)).to.deep.include(notBuilt)
      succeed('npm', ['run', 'build:ts'], { folder: clone(11), first: [tripwires.folder, npms.get(11)!] })
      for (const major of [11, 10] as const) expect(npx(major)).to.include(version)
      expect(tripwires.called()).to.equal('')
    })
  })

  describe('with npm 10, called with settings that leave things out', function () {
    before(() => cloneInto(clone(10)))
    const settings = {
      NODE_ENV: 'production',
      npm_config_omit: 'dev optional',
      npm_config_package_lock: 'false',
      npm_config_dry_run: 'true',
    }

    it('npm test installs, compiles and tests, and gets along with a compiler that does not work', function () {
      const { code, stdout, stderr } = call(10, 'npm test -- --grep structure', settings)
      expect(code, stdout + stderr).to.equal(0)
      expect(stderr)
        .to.match(/^set-up: installing packages$/m)
        .and.match(/^set-up: compiling$/m)
      expect(stdout).to.match(/^ +[1-9]\d* passing/m)
      // That the C++ compiler is there is asked, for the add-on; when it answers with an error, nothing else is called.
      expect(tripwires.called()).to.be.oneOf(['', 'g++ --version\n'])
    })

    it('npm run demo after it has nothing left to do but the demo', function () {
      const before = setUpTimes(clone(10))
      const { code, stdout, stderr } = call(10, 'npm run demo', { ...settings, ...offline })
      expect(code, stderr).to.equal(0)
      expect(stdout).to.match(/^EER /m)
      expect(stderr).not.to.include('set-up')
      expect(setUpTimes(clone(10))).to.deep.equal(before)
    })
  })
})
