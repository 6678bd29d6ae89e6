/** Keeps two runs from writing into one folder. */
import { open, readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { DatasetError, errorCode } from '../errors'

interface Holder {
  readonly pid: number
  readonly host: string
}

/**
 * A file that names the process at work. One left behind by a process that is no more is taken over; on another machine
 * nobody can tell, so then it has to be removed by hand.
 */
export class FolderLock {
  readonly path: string
  #held = false

  constructor(path: string) {
    this.path = path
  }

  /** @throws DatasetError OUTPUT_EXISTS while another run holds it */
  async take(): Promise<void> {
    for (;;) {
      try {
        const file = await open(this.path, 'wx')
        const holder: Holder = { pid: process.pid, host: hostname() }
        await file.writeFile(JSON.stringify(holder))
        await file.close()
        this.#held = true
        return
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') throw error
      }
      const holder = await readHolder(this.path)
      if (holder !== undefined && isAlive(holder)) {
        throw new DatasetError(
          'OUTPUT_EXISTS',
          `another evaluation writes here: process ${holder.pid} on ${holder.host}; wait for it, choose another folder, ` +
            `or remove ${this.path} if that process is gone`,
          { path: this.path, ...holder },
        )
      }
      await rm(this.path, { force: true })
    }
  }

  async leave(): Promise<void> {
    if (!this.#held) return
    this.#held = false
    await rm(this.path, { force: true }).catch(() => undefined)
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const holder: unknown = JSON.parse(await readFile(path, 'utf8'))
    return typeof holder === 'object' && holder !== null && 'pid' in holder && 'host' in holder
      ? (holder as Holder)
      : undefined
  } catch {
    return undefined
  }
}

function isAlive({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}
