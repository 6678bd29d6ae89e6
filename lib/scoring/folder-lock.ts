/** Keeps two runs from writing into one folder. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DatasetError } from '../errors'

interface Holder {
  readonly pid: number
  readonly host: string
  /** When the process began, in the system's own unit: process numbers are used again, in containers at once. */
  readonly began: string | null
}

/** How often a holder says that it is there, and after how long a silent one on another machine is given up. */
const defaultTimes = { heartbeatMs: 10_000, silenceMs: 60_000 }

/**
 * Two that come at the same moment see each other and both step back; chance decides who is first next time. One that is
 * still there then has the folder: who steps back comes again with a new file.
 */
const pauseMs = { shortest: 25, longest: 250 }

const lockName = /^running\.[0-9a-f]{16}\.lock$/

export function isLockName(name: string): boolean {
  return lockName.test(name)
}

/**
 * Every run puts a file of its own into the folder, which names its process, and looks for others after that: of two
 * runs the later one sees the earlier one, however they interleave, and removing what a dead process left can never hit
 * a living one's. Dead is a process that can be seen to be gone, and one on another machine or in another container
 * that has been silent for a minute.
 */
export class FolderLock {
  readonly #folder: string
  readonly #times: typeof defaultTimes
  #path: string | undefined
  #heartbeat: NodeJS.Timeout | undefined

  constructor(folder: string, times = defaultTimes) {
    this.#folder = resolve(folder)
    this.#times = times
  }

  /**
   * `onLost` is called when another run has the folder all of a sudden: this process must have been taken for dead, as
   * after a long sleep of its machine.
   *
   * @throws DatasetError OUTPUT_EXISTS while another run holds it
   */
  async take(onLost: (error: DatasetError) => void = () => undefined): Promise<void> {
    for (let seenBefore: string | undefined; ;) {
      const path = await this.#announce()
      const other = await this.#livingOther(path)
      if (other === undefined) {
        this.#path = path
        this.#heartbeat = setInterval(() => void this.#beat(path, onLost), this.#times.heartbeatMs)
        this.#heartbeat.unref()
        return
      }
      await rm(path, { force: true })
      if (other.detail['path'] === seenBefore) throw other
      seenBefore = other.detail['path'] as string
      await delay(pauseMs.shortest + Math.random() * (pauseMs.longest - pauseMs.shortest))
    }
  }

  async leave(): Promise<void> {
    clearInterval(this.#heartbeat)
    const path = this.#path
    this.#path = undefined
    if (path !== undefined) await rm(path, { force: true }).catch(() => undefined)
  }

  /** Under its name only when it is whole: half a file would be taken for a dead one's. */
  async #announce(): Promise<string> {
    const token = randomBytes(8).toString('hex')
    const own: Holder = { pid: process.pid, host: hostname(), began: beginOf(process.pid) }
    const [temporary, path] = [`.aasist-${token}.tmp`, `running.${token}.lock`].map(name =>
      join(this.#folder, name),
    ) as [string, string]
    await writeFile(temporary, JSON.stringify(own))
    await rename(temporary, path)
    return path
  }

  /** The error that names a living run, if there is one beside `own`; removes the files of dead ones. */
  async #livingOther(own: string): Promise<DatasetError | undefined> {
    const names = (await readdir(this.#folder)).filter(isLockName)
    for (const path of names.map(name => join(this.#folder, name))) {
      if (path === own) continue
      const holder = await readHolder(path)
      if (holder !== undefined && (await this.#isAlive(holder, path, own))) return taken(holder, path)
      await rm(path, { force: true })
    }
    return undefined
  }

  async #isAlive({ pid, host, began }: Holder, path: string, own: string): Promise<boolean> {
    if (host !== hostname()) {
      // Both times are the file system's, whose clock may differ from this machine's.
      const [theirs, now] = await Promise.all([modifiedAtMs(path), modifiedAtMs(own)])
      return theirs !== undefined && (now ?? Date.now()) - theirs < this.#times.silenceMs
    }
    try {
      process.kill(pid, 0)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
    }
    const found = beginOf(pid)
    return began === null || found === null || began === found
  }

  async #beat(own: string, onLost: (error: DatasetError) => void): Promise<void> {
    const holder = await readHolder(own)
    if (this.#path !== own) return
    if (holder !== undefined) {
      // The same bytes in their own place: nobody can read half of them, and the time is the file system's.
      await writeFile(own, JSON.stringify(holder), { flag: 'r+' }).catch(() => undefined)
      return
    }
    const other = await this.#livingOther(own).catch(() => undefined)
    if (other === undefined) return
    clearInterval(this.#heartbeat)
    onLost(other)
  }
}

function taken({ pid, host }: Holder, path: string): DatasetError {
  return new DatasetError(
    'OUTPUT_EXISTS',
    `another evaluation writes here: process ${pid} on ${host}; wait for it, choose another folder, ` +
      `or remove ${path} if that process is gone`,
    { path, pid, host },
  )
}

/** Undefined for a file that is gone. */
async function modifiedAtMs(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const { pid, host, began = null } = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder>
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host, began } : undefined
  } catch {
    return undefined
  }
}

/** Field 22 of /proc/<pid>/stat; the name before it is in parentheses and may hold any character. */
function beginOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}
