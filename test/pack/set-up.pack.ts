import { expect } from 'chai'
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/environment'
import { ScratchCheckout } from './scratch-checkout'

const fine = { code: 0, signal: null, stdout: '' }
const nothingSaid = { ...fine, stderr: '' }

describe('set-up', function () {
  let checkout: ScratchCheckout
  beforeEach(() => (checkout = new ScratchCheckout()))
  afterEach(() => checkout.remove())

  describe('of a fresh checkout', function () {
    it('installs and compiles, and the second time does neither and says nothing', async function () {
      expect(await checkout.setUp()).to.include(fine)
      expect(checkout.programs()).to.deep.equal(['npm', 'tsc'])
      expect(await checkout.setUp()).to.deep.equal(nothingSaid)
      expect(checkout.calls()).to.deep.equal([])
    })

    it('needs no stdout, which belongs to what it is done for', async function () {
      const { stdout, stderr } = await checkout.setUp()
      expect(stdout).to.equal('')
      expect(stderr).to.equal('set-up: installing packages\nset-up: compiling\n')
    })

    it('runs no script of any dependency, and asks for everything the caller may have left out', async function () {
      await checkout.setUp()
      expect(checkout.calls()[0])
        .to.match(/^npm ci /)
        .and.include('--ignore-scripts')
        .and.include('--include=dev --include=optional --include=peer')
    })

    for (const execPath of ['/somewhere/pnpm.cjs', '/somewhere/yarn.js', '/somewhere/bun', undefined]) {
      it(`takes npm from PATH when called by ${execPath ?? 'node'}`, async function () {
        const env = { npm_execpath: execPath, ...checkout.withToolsFirstOnPath() }
        expect(await checkout.setUp(env)).to.include(fine)
        expect(checkout.programs()).to.deep.equal(['npm', 'tsc'])
      })
    }
  })

  describe('installs again when', function () {
    beforeEach(async function () {
      checkout.lock({ 'node_modules/mocha': { version: '12.0.0' } })
      await checkout.setUp()
      checkout.calls()
    })

    const causes: Readonly<Record<string, () => void>> = {
      'the lockfile asks for a package more': () =>
        checkout.lock({
          'node_modules/mocha': { version: '12.0.0' },
          'node_modules/chai': { version: '6.0.0' },
        }),
      'the lockfile asks for another version': () =>
        checkout.lock({ 'node_modules/mocha': { version: '12.0.1' } }),
      'a package was deleted': () => rmSync(checkout.path('node_modules/mocha'), { recursive: true }),
      'a package is damaged': () => writeFileSync(checkout.path('node_modules/mocha/package.json'), '{ "ver'),
      'node_modules was deleted': () => rmSync(checkout.path('node_modules'), { recursive: true }),
    }
    for (const [cause, bringAbout] of Object.entries(causes)) {
      it(cause, async function () {
        bringAbout()
        expect(await checkout.setUp()).to.include(fine)
        expect(checkout.programs()).to.include('npm')
        expect(await checkout.setUp()).to.deep.equal(nothingSaid)
      })
    }

    it('the installation before it failed, and says what to look at', async function () {
      rmSync(checkout.path('node_modules/mocha'), { recursive: true })
      const failed = await checkout.setUp({ NPM_DOES: 'fail' })
      expect(failed.code).to.equal(1)
      expect(failed.stderr).to.match(/npm ci failed \(exit code 1\)/)
      checkout.calls()
      expect(await checkout.setUp()).to.include(fine)
      expect(checkout.programs()).to.deep.equal(['npm', 'tsc'])
    })

    it('the installation before it was interrupted, which ends npm too', async function () {
      rmSync(checkout.path('node_modules/mocha'), { recursive: true })
      const interrupted = checkout.startSetUp({ NPM_DOES: 'wait' })
      const npm = await checkout.npmWaits()
      interrupted.kill('SIGTERM')
      expect(await interrupted.ended).to.include({ code: null, signal: 'SIGTERM' })
      expect(() => process.kill(npm, 0)).to.throw('ESRCH')
      expect(readdirSync(checkout.path('.aasist'))).to.deep.equal([])
      checkout.calls()
      expect(await checkout.setUp()).to.include(fine)
      expect(checkout.programs()).to.deep.equal(['npm', 'tsc'])
    })
  })

  describe('and packages for some platforms only', function () {
    const here = { version: '1.0.0', optional: true, os: [process.platform], cpu: [process.arch] }
    const elsewhere = { version: '1.0.0', optional: true, os: ['aix'] }
    const notHere = { version: '1.0.0', optional: true, os: [`!${process.platform}`] }

    it('does not miss those of other platforms', async function () {
      checkout.lock({ 'node_modules/elsewhere': elsewhere })
      await checkout.installByHand({ NPM_LEAVES_OUT: 'node_modules/elsewhere' })
      checkout.lock({ 'node_modules/elsewhere': elsewhere, 'node_modules/not-here': notHere })
      checkout.calls()
      expect(await checkout.setUp()).to.include(fine)
      expect(checkout.programs()).to.deep.equal(['tsc'])
    })

    it('replaces a node_modules that was made on another platform', async function () {
      checkout.lock({ 'node_modules/here': here })
      await checkout.installByHand({ NPM_LEAVES_OUT: 'node_modules/here' })
      checkout.calls()
      expect(await checkout.setUp()).to.include(fine)
      expect(checkout.programs()).to.deep.equal(['npm', 'tsc'])
    })

    it('does not try again and again where an optional package cannot be installed', async function () {
      checkout.lock({ 'node_modules/here': here })
      expect(await checkout.setUp({ NPM_LEAVES_OUT: 'node_modules/here' })).to.include(fine)
      expect(await checkout.setUp()).to.deep.equal(nothingSaid)
    })

    it('fails when npm leaves out a package that is not optional', async function () {
      checkout.lock({ 'node_modules/mocha': { version: '12.0.0' } })
      const { code, stderr } = await checkout.setUp({ NPM_LEAVES_OUT: 'node_modules/mocha' })
      expect(code).to.equal(1)
      expect(stderr).to.include('node_modules/mocha is not there')
    })
  })

  it('accepts an installation somebody made with npm ci', async function () {
    await checkout.installByHand()
    checkout.calls()
    expect(await checkout.setUp()).to.include(fine)
    expect(checkout.programs()).to.deep.equal(['tsc'])
  })

  describe('compiles again when', function () {
    beforeEach(async function () {
      checkout.write('lib/old/module.ts', 'old')
      await checkout.setUp()
      checkout.calls()
    })

    const causes: Readonly<Record<string, () => void>> = {
      'a source changed': () => checkout.write('lib/index.ts', 'second'),
      'a source came': () => checkout.write('lib/new.ts', 'new'),
      'dist was deleted': () => rmSync(checkout.path('dist'), { recursive: true }),
      'one file of dist was deleted': () => rmSync(checkout.path('dist/index.d.ts')),
      'tsconfig.json changed': () => checkout.write('tsconfig.json', '{ "compilerOptions": {} }'),
    }
    for (const [cause, bringAbout] of Object.entries(causes)) {
      it(cause, async function () {
        bringAbout()
        expect(await checkout.setUp()).to.include(fine)
        expect(checkout.calls()).to.deep.equal(['tsc'])
        expect(await checkout.setUp()).to.deep.equal(nothingSaid)
      })
    }

    it('a source went, and what was compiled from it goes as well', async function () {
      rmSync(checkout.path('lib/old'), { recursive: true })
      await checkout.setUp()
      expect(readdirSync(checkout.path('dist')).sort()).to.deep.equal([
        'cli',
        'index.d.ts',
        'index.d.ts.map',
        'index.js',
        'index.js.map',
      ])
    })

    it('sources were edited while it compiled', async function () {
      checkout.write('lib/index.ts', 'second')
      expect(await checkout.setUp({ TSC_DOES: 'see an edit' })).to.include(fine)
      expect(await checkout.setUp()).to.include(fine)
      expect(readFileSync(checkout.path('dist/index.js'), 'utf8')).to.include('edited')
      expect(checkout.calls()).to.deep.equal(['tsc', 'tsc'])
    })

    it('the compilation before it failed, also when the sources are then put back', async function () {
      checkout.write('lib/index.ts', 'error')
      const failed = await checkout.setUp()
      expect(failed.code).to.equal(1)
      expect(failed.stderr).to.include('TypeScript build failed (exit code 2)')
      checkout.write('lib/index.ts', 'first')
      expect(await checkout.setUp()).to.include(fine)
      expect(checkout.calls()).to.deep.equal(['tsc', 'tsc'])
    })

    it('told to', async function () {
      expect(await checkout.setUp({}, '--rebuild')).to.include(fine)
      expect(checkout.calls()).to.deep.equal(['tsc'])
    })
  })

  it('makes the command executable with every compilation', async function () {
    await checkout.setUp()
    rmSync(checkout.path('dist'), { recursive: true })
    await checkout.setUp()
    expect(statSync(checkout.path('dist/cli/main.js')).mode & 0o111).to.equal(0o111)
  })

  it('started twice at once installs and compiles once, and the second says that it waits', async function () {
    const first = checkout.startSetUp({ NPM_DOES: 'wait' })
    await checkout.npmWaits()
    const second = checkout.startSetUp()
    await second.says('another set-up of this checkout is under way')
    checkout.write('npm-goes-on.txt', '')
    expect(await first.ended).to.include(fine)
    expect(await second.ended).to.include(fine)
    expect(checkout.programs()).to.deep.equal(['npm', 'tsc'])
  })
})

describe('the lock of set-up', function () {
  let checkout: ScratchCheckout
  beforeEach(() => (checkout = new ScratchCheckout()))
  afterEach(() => checkout.remove())

  const user = join(root, 'test', 'pack', 'stand-ins', 'lock-user.mjs')
  const take = (count: number) =>
    Promise.all(
      Array.from(
        { length: count },
        () => checkout.start(process.execPath, [user, checkout.path('lock')]).ended,
      ),
    )

  it('is held by one process at a time', async function () {
    for (const { code, stderr } of await take(6))
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(existsSync(checkout.path('lock'))).to.equal(false)
  })

  it('is taken from a holder that is gone, by one of those who wait', async function () {
    checkout.write('lock', 'of a process that was killed')
    for (const { code, stderr } of await take(6))
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(readdirSync(checkout.folder).filter(name => name.startsWith('lock'))).to.deep.equal([])
  })
})
