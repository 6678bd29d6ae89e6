import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Contents of a folder by path relative to it, with `/` between names. */
export type FolderContents = Readonly<Record<string, string | Uint8Array>>

export function writeFolder(folder: string, contents: FolderContents): void {
  for (const [path, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
}

/** A named pipe without a writer: whoever opens it for reading waits. Needs the tool mkfifo. */
export function makePipe(path: string): string {
  mkdirSync(dirname(path), { recursive: true })
  execFileSync('mkfifo', [path])
  return path
}
