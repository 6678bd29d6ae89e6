import { expect } from 'chai'
import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { root } from '../support/environment'

/** Answers as npm would after the given counts; each variable is what one command does. */
const npm = `#!/bin/sh
case "$*" in
  test) printf "$TEST_COUNTS\\n" > "$MOCHA_COUNTS"; exit "\${TEST_CODE:-0}" ;;
  'run test:pack') echo '3 0 0' > "$MOCHA_COUNTS" ;;
  'run test:slow') echo '2 0 0' > "$MOCHA_COUNTS" ;;
  'run test:timed') echo '4 0 0' > "$MOCHA_COUNTS" ;;
  'run lint') echo 'no-floating-promises'; exit "\${LINT_CODE:-0}" ;;
  'run sanitize') exit "\${SANITIZE_CODE:-0}" ;;
  'run fuzz -- --seconds 30 --seed 1') exit "\${FUZZ_CODE:-0}" ;;
  'run fuzz:libc' | 'run fuzz:planted' | 'run fuzz:native -- --seconds 30 --seed 1') exit 0 ;;
  'run typecheck') exit 0 ;;
  *) exit 99 ;;
esac
`

describe('structure: .ci/run', function () {
  let tools: string
  before(function () {
    tools = mkdtempSync(join(tmpdir(), 'aasist-ci-'))
    // This Python has whatever it is asked for.
    const willing = '#!/bin/sh\n'
    for (const [name, text] of Object.entries({ npm, 'apt-get': willing, python3: willing })) {
      writeFileSync(join(tools, name), text)
      chmodSync(join(tools, name), 0o755)
    }
  })
  after(() => rmSync(tools, { recursive: true, force: true }))

  function run(env: Readonly<Record<string, string>>): SpawnSyncReturns<string> {
    const path = [tools, process.env['PATH']].join(delimiter)
    return spawnSync(join(root, '.ci', 'run'), {
      cwd: tools,
      env: { ...process.env, ...env, AASIST_CANN_PYTHON: 'python3', PATH: path },
      encoding: 'utf8',
    })
  }

  const cases: readonly [what: string, env: Readonly<Record<string, string>>, last: string, code: number][] =
    [
      ['everything passed', { TEST_COUNTS: '5 0 0' }, '21 passed, 0 failed', 0],
      ['a test failed', { TEST_COUNTS: '5 1 0', TEST_CODE: '1' }, '21 passed, 1 failed', 1],
      ['tests were skipped', { TEST_COUNTS: '5 0 2' }, '21 passed, 2 failed', 1],
      ['no test ran', { TEST_COUNTS: '0 0 0' }, '16 passed, 1 failed', 1],
      ['set-up failed before mocha began', { TEST_COUNTS: '', TEST_CODE: '1' }, '16 passed, 1 failed', 1],
      [
        'mocha broke down after its tests',
        { TEST_COUNTS: '5 0 0', TEST_CODE: '7' },
        '21 passed, 1 failed',
        1,
      ],
      ['a sanitizer found something', { TEST_COUNTS: '5 0 0', SANITIZE_CODE: '1' }, '20 passed, 1 failed', 1],
      ['a fuzzer found something', { TEST_COUNTS: '5 0 0', FUZZ_CODE: '1' }, '20 passed, 1 failed', 1],
      ['lint failed', { TEST_COUNTS: '5 0 0', LINT_CODE: '1' }, '20 passed, 1 failed', 1],
    ]
  for (const [what, env, last, code] of cases) {
    it(`says so in its last line and its exit code when ${what}`, function () {
      const { stdout, status } = run(env)
      expect(stdout.trimEnd().split('\n').at(-1)).to.equal(last)
      expect(status).to.equal(code)
    })
  }

  it('says again at its end what failed, by name', function () {
    const env = {
      TEST_COUNTS: '5 1 0\\nscores are finite (3 ms)\\n    AssertionError',
      TEST_CODE: '1',
      LINT_CODE: '1',
    }
    const end = run(env).stdout.split('== what failed')[1]
    expect(end?.trim().split('\n')).to.deep.equal([
      'npm test:',
      'scores are finite (3 ms)',
      '    AssertionError',
      'npm run lint: failed. Its last lines:',
      '    no-floating-promises',
      '20 passed, 2 failed',
    ])
  })
})
