import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder that lives as long as each test of the calling `describe`; call the result inside a test. */
export function scratchFolder(): () => string {
  let folder: string | undefined
  afterEach(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    folder = undefined
  })
  return () => (folder ??= mkdtempSync(join(tmpdir(), 'aasist-scratch-')))
}
