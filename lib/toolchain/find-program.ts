/** Where a program is, by the rules of a shell and nothing else. */
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

export type Environment = Readonly<NodeJS.ProcessEnv>

/** The folders of PATH; relative ones would name another program in every folder a service is started from. */
export function pathFolders(environment: Environment): readonly string[] {
  return (environment['PATH'] ?? '').split(delimiter).filter(isAbsolute)
}

/** The first of `folders` that holds an executable file of that name. */
export async function findProgram(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name)
    if (await isExecutable(path)) return path
  }
  return undefined
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
