// The simulator's C++ tests under AddressSanitizer with UndefinedBehaviorSanitizer, then under ThreadSanitizer: builds
// it so, and runs test/simulator/clients.test.ts on it.
import { fileURLToPath } from 'node:url'
import { run } from './child.mjs'
import { buildSimulator, simulatorFolder } from './build-simulator.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

try {
  for (const sanitize of ['address,undefined', 'thread']) {
    console.error(`sanitize: ${sanitize}`)
    await buildSimulator(sanitize)
    await run('npx', ['mocha', '--timeout', '600000', 'test/simulator/clients.test.ts'], {
      cwd: root,
      env: {
        ...process.env,
        AASIST_SIMULATOR: simulatorFolder(sanitize),
        AASIST_SANITIZE: sanitize,
        // Cases of this test forget things on purpose; the simulator's own leaks are what its report counts.
        ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0',
        UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
        TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
      },
    })
  }
} catch (error) {
  console.error(`sanitize: ${error.message}`)
  process.exitCode = 1
}
