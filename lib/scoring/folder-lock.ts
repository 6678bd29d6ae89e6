/** Keeps two runs from writing into one folder. */
import { randomBytes } from 'node:crypto'
import { link, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { DatasetError, errorCode } from '../errors'

interface Holder {
  readonly pid: number
  readonly host: string
  /** When the process began, in the system's own unit: process numbers are used again, in containers at once. */
  readonly began: string | null
  /** No two locks have the same. */
  readonly token: string
}

/** How often a holder says that it is there, and after how long a silent one on another machine is given up. */
const defaultTimes = { heartbeatMs: 10_000, silenceMs: 60_000 }

/**
 * A file that names the process at work. One left behind by a process that is no more is taken over: at once where that
 * can be seen, and on another machine, or in another container, when it has been silent for a minute.
 */
export class FolderLock {
  readonly path: string
  #token: string | undefined
  #heartbeat: NodeJS.Timeout | undefined

  readonly #times: typeof defaultTimes

  constructor(path: string, times = defaultTimes) {
    this.path = path
    this.#times = times
  }

  /**
   * `onLost` is called when somebody else holds the lock all of a sudden: this process must have been taken for dead,
   * as after a long sleep of its machine.
   *
   * @throws DatasetError OUTPUT_EXISTS while another run holds it
   */
  async take(onLost: (error: DatasetError) => void = () => undefined): Promise<void> {
    const token = randomBytes(8).toString('hex')
    const own: Holder = { pid: process.pid, host: hostname(), began: beginOf(process.pid), token }
    const prepared = this.#temporary()
    try {
      for (;;) {
        // Whole before it gets its name, so that nobody ever reads half a lock and takes it for an abandoned one; each
        // time anew, because a run that has just got the folder tidies it up.
        await writeFile(prepared, JSON.stringify(own))
        if (await this.#linked(prepared)) break
        await this.#removeAbandoned(prepared)
      }
    } finally {
      await rm(prepared, { force: true })
    }
    this.#token = token
    this.#heartbeat = setInterval(() => {
      void this.#beat(onLost)
    }, this.#times.heartbeatMs)
    this.#heartbeat.unref()
  }

  async leave(): Promise<void> {
    clearInterval(this.#heartbeat)
    const token = this.#token
    this.#token = undefined
    if (token === undefined || (await readHolder(this.path))?.token !== token) return
    await rm(this.path, { force: true }).catch(() => undefined)
  }

  #temporary(): string {
    return join(dirname(this.path), `.aasist-${randomBytes(8).toString('hex')}.tmp`)
  }

  /** False when there is a lock already. */
  async #linked(prepared: string): Promise<boolean> {
    try {
      await link(prepared, this.path)
      return true
    } catch (error) {
      if (errorCode(error) === 'EEXIST' || errorCode(error) === 'ENOENT') return false
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errorCode(error) ?? ''))
        throw error
    }
    // A file system without hard links, such as exFAT.
    try {
      const file = await open(this.path, 'wx')
      await file.writeFile(await readFile(prepared))
      await file.close()
      return true
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false
      throw error
    }
  }

  async #removeAbandoned(prepared: string): Promise<void> {
    const holder = await readHolder(this.path)
    if (holder !== undefined && (await this.#isAlive(holder, prepared))) throw this.#taken(holder)
    // Moved before it is removed: of two runs that both see an abandoned lock, one must not remove the other's new one.
    const moved = this.#temporary()
    try {
      await rename(this.path, moved)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return
      throw error
    }
    if ((await readHolder(moved))?.token !== holder?.token)
      await link(moved, this.path).catch(() => undefined)
    await rm(moved, { force: true })
  }

  async #isAlive({ pid, host, began }: Holder, prepared: string): Promise<boolean> {
    if (host !== hostname()) {
      // Both times are the file system's, whose clock may differ from this machine's.
      const [theirs, now] = await Promise.all([modifiedAtMs(this.path), modifiedAtMs(prepared)])
      return now - theirs < this.#times.silenceMs
    }
    try {
      process.kill(pid, 0)
    } catch (error) {
      if (errorCode(error) !== 'EPERM') return false
    }
    const found = beginOf(pid)
    return began === null || found === null || began === found
  }

  #taken({ pid, host }: Holder): DatasetError {
    return new DatasetError(
      'OUTPUT_EXISTS',
      `another evaluation writes here: process ${pid} on ${host}; wait for it, choose another folder, ` +
        `or remove ${this.path} if that process is gone`,
      { path: this.path, pid, host },
    )
  }

  async #beat(onLost: (error: DatasetError) => void): Promise<void> {
    const holder = await readHolder(this.path)
    if (this.#token === undefined) return
    if (holder?.token === this.#token) {
      // The same bytes in their own place: nobody can read half of them, and the time is the file system's.
      await writeFile(this.path, JSON.stringify(holder), { flag: 'r+' }).catch(() => undefined)
      return
    }
    // Whoever removed the file by hand was told that this ends nothing.
    if (holder === undefined) return
    clearInterval(this.#heartbeat)
    onLost(this.#taken(holder))
  }
}

/** Infinity for a file that is gone. */
async function modifiedAtMs(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Infinity,
  )
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const holder: unknown = JSON.parse(await readFile(path, 'utf8'))
    return typeof holder === 'object' && holder !== null && 'pid' in holder && 'host' in holder
      ? { began: null, token: '', ...(holder as Pick<Holder, 'pid' | 'host'>) }
      : undefined
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
