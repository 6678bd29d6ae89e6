/** What a driver leaves in the file system, for machines without npu-smi. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Numbers of the device nodes `/dev/davinci<n>`, one a chip. */
export async function davinciNodes(folder = '/dev'): Promise<readonly number[]> {
  const names = await readdir(folder).catch(() => [])
  return names
    .flatMap(name => /^davinci(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

export async function driverVersion(folder = '/usr/local/Ascend/driver'): Promise<string | null> {
  return versionIn(join(folder, 'version.info'))
}

/** The `Version=` of a file in CANN's way; null without one. */
export async function versionIn(path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return /^[^\S\n]*\[?Version\s*[=:]\s*\[?([^\s\]]+)/im.exec(text)?.[1] ?? null
}
