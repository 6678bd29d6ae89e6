/** What the built add-on asks of a system, and what it shows to it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { requireTool, root } from '../support/environment'
import { requireAddon } from '../support/native'

const lines = (file: string): string[] =>
  readFileSync(join(root, file), 'utf8')
    .split('\n')
    .filter(line => line !== '')

/** The highest version of each family that a dynamic symbol asks for. */
function newest(symbols: string, family: string): string {
  const versions = [...symbols.matchAll(new RegExp(`\\b${family}_([0-9.]+)`, 'g'))].map(
    ([, version]) => version!,
  )
  return versions.sort((one, other) => one.localeCompare(other, 'en', { numeric: true })).at(-1) ?? 'none'
}

function isAtMost(version: string, limit: string): boolean {
  return version === 'none' || version.localeCompare(limit, 'en', { numeric: true }) <= 0
}

describe('the built add-on', () => {
  let addon: string
  before(function () {
    addon = requireAddon(this)
  })

  it('runs on glibc 2.28 and GLIBCXX 3.4.24: Kylin V10, openEuler 20.03, RHEL 8', function () {
    requireTool(this, 'objdump')
    const symbols = execFileSync('objdump', ['-T', addon], { encoding: 'utf8' })
    expect(symbols).to.include('GLIBC_')
    for (const [family, limit] of [
      ['GLIBC', '2.28'],
      ['GLIBCXX', '3.4.24'],
      ['CXXABI', '1.3.11'],
    ] as const) {
      const version = newest(symbols, family)
      expect(isAtMost(version, limit), `${family}_${version}`).to.equal(true)
    }
  })

  it('exports the two functions of Node-API and nothing else', function () {
    requireTool(this, 'objdump')
    const symbols = execFileSync('objdump', ['-T', addon], { encoding: 'utf8' })
    const exported = symbols
      .split('\n')
      .filter(line => /^[0-9a-f]+ /.test(line) && !line.includes('*UND*'))
      .map(line => line.trim().split(/\s+/).at(-1))
    expect(exported.sort()).to.deep.equal(['napi_register_module_v1', 'node_api_module_get_api_version_v1'])
  })

  it('needs the C and C++ libraries, is linked against nothing of CANN, and stays mapped', function () {
    requireTool(this, 'objdump')
    const headers = execFileSync('objdump', ['-p', addon], { encoding: 'utf8' })
    const needed = [...headers.matchAll(/NEEDED\s+(\S+)/g)].map(([, name]) => name!)
    const allowed = /^(libc|libstdc\+\+|libgcc_s|libm|libdl|libpthread|ld-linux-[\w-]+)\.so\.\d+$/
    expect(needed.filter(name => !allowed.test(name))).to.deep.equal([])
    // Its threads may outlive the worker_thread that loaded it (DF_1_NODELETE).
    const flags = Number(/^\s*FLAGS_1\s+(0x[0-9a-f]+)/m.exec(headers)?.[1])
    expect(flags & 0x8).to.equal(0x8)
  })
})

describe('the two builds of the add-on', () => {
  it('take their sources and flags from the same lists', () => {
    const gyp = readFileSync(join(root, 'binding.gyp'), 'utf8')
    const cmake = readFileSync(join(root, 'CMakeLists.txt'), 'utf8')
    for (const list of ['native/sources.txt', 'native/flags.txt', 'native/link-flags.txt']) {
      expect(gyp).to.include(`cat ${list}`)
      expect(cmake).to.include(`file(STRINGS ${list} `)
    }
    for (const text of [gyp, cmake]) {
      expect(text).to.include('native/exports.map')
      expect(text).not.to.match(/\.cc\b/)
    }
  })

  it('list every source, and make warnings errors', () => {
    const sources = execFileSync('git', ['ls-files', 'native/*.cc'], { cwd: root, encoding: 'utf8' })
      .split('\n')
      .filter(file => /^native\/[^/]+\.cc$/.test(file))
    expect(lines('native/sources.txt').sort()).to.deep.equal(sources.sort())
    expect(lines('native/flags.txt')).to.include.members(['-Wall', '-Wextra', '-Werror'])
  })

  it('keep Node-API and JavaScript out of everything below the session', () => {
    const aware = new Set([
      'addon.cc',
      'addon_data.h',
      'napi_setup.h',
      'probe.cc',
      'probe.h',
      'session.cc',
      'session.h',
    ])
    for (const name of ['values.cc', 'values.h']) aware.add(name)
    const files = execFileSync('git', ['ls-files', 'native'], { cwd: root, encoding: 'utf8' })
      .split('\n')
      .filter(file => /^native\/[^/]+\.(cc|h)$/.test(file) && !aware.has(file.slice('native/'.length)))
    expect(files).to.have.length.above(15)
    for (const file of files) {
      expect(readFileSync(join(root, file), 'utf8'), file).not.to.match(/napi|Napi|values\.h|session\.h/)
    }
  })
})
