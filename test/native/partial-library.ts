/**
 * Makes libraries that show only some of AscendCL's functions and pass calls on to the simulator: an old CANN, one that
 * is split into parts, one that is something else. Each function is a jump through a pointer.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { simulatorLibrary } from '../support/native'

const jump: Partial<Record<NodeJS.Architecture, (name: string) => string>> = {
  x64: name => `jmp *target_${name}(%rip)`,
  arm64: name => `adrp x16, target_${name}\\n ldr x16, [x16, :lo12:target_${name}]\\n br x16`,
}

/** Compiles the library to `path`. Its constructor finds the simulator's functions. */
export function makeLibrary(path: string, functions: readonly string[]): string {
  const jumpOf = jump[process.arch]
  if (jumpOf === undefined) throw new Error(`no jump for ${process.arch}`)
  const source = [
    '#include <dlfcn.h>',
    ...functions.map(name => `__attribute__((visibility("hidden"))) void *target_${name};`),
    ...functions.map(
      name => `__asm__(".globl ${name}\\n .type ${name}, %function\\n ${name}:\\n ${jumpOf(name)}\\n");`,
    ),
    '__attribute__((constructor)) static void find(void) {',
    `  void *whole = dlopen("${simulatorLibrary}", RTLD_NOW | RTLD_LOCAL);`,
    ...functions.map(name => `  target_${name} = dlsym(whole, "${name}");`),
    '}',
    '',
  ].join('\n')
  mkdirSync(dirname(path), { recursive: true })
  const file = join(dirname(path), `${Date.now()}-${functions.length}.c`)
  writeFileSync(file, source)
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', file, '-ldl', '-o', path], { stdio: 'pipe' })
  return path
}
