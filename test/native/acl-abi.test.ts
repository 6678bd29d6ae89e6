import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireBuilt, requireTool, root } from '../support/environment'

const source = join(root, 'test', 'native', 'acl_abi.test.cc')
const strict = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', '-I', join(root, 'native')]

describe('acl_abi.h', function () {
  this.timeout(60_000)

  it('has the values and layouts of AscendCL and compiles strictly as C11', function () {
    requireTool(this, 'gcc')
    execFileSync('gcc', ['-x', 'c', '-std=c11', ...strict, '-fsyntax-only', source], { stdio: 'pipe' })
  })

  it('has the values and layouts of AscendCL and compiles strictly as C++17', function () {
    requireTool(this, 'g++')
    const folder = mkdtempSync(join(tmpdir(), 'aasist-abi-'))
    try {
      const program = join(folder, 'abi')
      execFileSync('g++', ['-std=c++17', ...strict, source, '-o', program], { stdio: 'pipe' })
      execFileSync(program, { stdio: 'pipe' })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('is installed as headers that a C program with the usual checks compiles with', function () {
    requireTool(this, 'gcc')
    const include = requireBuilt(this, join(root, 'build', 'simulator', 'include'), 'the simulator')
    const program = [
      '#include "acl/acl.h"',
      '#include "acl/ops/acl_dvpp.h"',
      'int main(void) {',
      '  if (aclInit(NULL) != ACL_SUCCESS) return ACL_ERROR_INVALID_PARAM;',
      '  return aclrtSetDevice(0) == ACL_ERROR_NONE ? 0 : ACL_ERROR_RT_NO_DEVICE;',
      '}',
    ].join('\n')
    execFileSync('gcc', ['-x', 'c', '-std=c99', ...strict.slice(0, 4), '-I', include, '-fsyntax-only', '-'], {
      input: program,
      stdio: 'pipe',
    })
  })
})
