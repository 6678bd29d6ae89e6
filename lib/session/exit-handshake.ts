/**
 * A thread that is inside onnxruntime when Node stops it aborts the whole process (exit status 134): the native call
 * returns into an environment where every Node-API call fails. So the way out of a process waits until no thread is
 * inside, over two shared words: `busy`, set by the worker around each native call, and `stop`, set by the caller.
 */
import { isMainThread } from 'node:worker_threads'

const BUSY = 0
const STOP = 1

export interface ExitGuard {
  readonly control: SharedArrayBuffer
  /** Longest wait for the native call in progress, in milliseconds. */
  readonly exitWaitMs: number
}

const guards = new Set<ExitGuard>()

/** Runs inside `process.on('exit')`: the last moment at which JavaScript runs, and it may block. */
function waitForNativeCalls(): void {
  const words = [...guards].map(guard => ({ guard, control: new Int32Array(guard.control) }))
  for (const { control } of words) Atomics.store(control, STOP, 1)
  const startedAtMs = performance.now()
  for (const { guard, control } of words) {
    while (Atomics.load(control, BUSY) === 1) {
      const leftMs = guard.exitWaitMs - (performance.now() - startedAtMs)
      if (leftMs > 0) {
        Atomics.wait(control, BUSY, 1, leftMs)
        continue
      }
      // Returning now would hang until the call returns, and then abort. Only the main thread may decide that.
      if (isMainThread) process.kill(process.pid, 'SIGKILL')
      return
    }
  }
}

/** Makes the exit of this process wait for the worker that holds `guard.control`. */
export function addExitGuard(guard: ExitGuard): void {
  if (guards.size === 0) process.on('exit', waitForNativeCalls)
  guards.add(guard)
}

export function removeExitGuard(guard: ExitGuard): void {
  guards.delete(guard)
  if (guards.size === 0) process.off('exit', waitForNativeCalls)
}

export function newControl(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)
}

/** The worker's side. */
export class NativeGate {
  readonly #control: Int32Array

  constructor(control: SharedArrayBuffer) {
    this.#control = new Int32Array(control)
  }

  /** Does not return once the caller's process is on its way out. */
  enter(): void {
    // Busy before looking at stop: the caller sets stop before looking at busy, so one of the two sees the other.
    Atomics.store(this.#control, BUSY, 1)
    if (Atomics.load(this.#control, STOP) === 1) this.leave()
  }

  leave(): void {
    Atomics.store(this.#control, BUSY, 0)
    Atomics.notify(this.#control, BUSY)
    // Parked for good; stopping a thread in Atomics.wait is safe.
    if (Atomics.load(this.#control, STOP) === 1) Atomics.wait(this.#control, STOP, 1)
  }
}
