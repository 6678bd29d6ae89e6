/** Files for readers that take a path. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let folder: string | undefined

/** A folder of this process, gone when it ends. */
export function scratchFolder(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'aasist-fuzz-'))
    process.on('exit', () => rmSync(made, { recursive: true, force: true }))
    folder = made
  }
  return folder
}

/** The path of a file that holds these bytes; the next one of that name takes its place. */
export function fileHolding(name: string, bytes: string | Uint8Array): string {
  const path = join(scratchFolder(), name)
  writeFileSync(path, bytes)
  return path
}

/** As Node reads a file as UTF-8: what is none becomes U+FFFD. */
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
