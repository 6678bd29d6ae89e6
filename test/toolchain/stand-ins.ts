/** Small programs in the place of the vendor's, for what those cannot be made to do. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export function writeProgram(path: string, lines: readonly string[]): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, ['#!/bin/bash', ...lines, ''].join('\n'))
  chmodSync(path, 0o755)
  return path
}

/** An npu-smi that answers by its arguments, joined by spaces; to all others with exit code 1. */
export function writeNpuSmi(folder: string, answers: Readonly<Record<string, string>>): string {
  const cases = Object.entries(answers).flatMap(([args, text], index) => {
    const file = join(folder, `answer-${index}`)
    writeFileSync(file, text)
    return [`  "${args}") cat '${file}' ;;`]
  })
  return writeProgram(join(folder, 'npu-smi'), [
    'case "$*" in',
    ...cases,
    '  *) echo "Error parameter of $*"; exit 1 ;;',
    'esac',
  ])
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

export async function until(condition: () => boolean, timeoutMs = 10_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!condition()) {
    if (Date.now() > end) throw new Error('it did not happen in time')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
