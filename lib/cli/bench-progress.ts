import type { BenchmarkEvent } from '../benchmark'
import { formatDuration, note } from './terminal'

/** A long benchmark says now and then how far it is. */
const intervalMs = 10_000

/** What goes on, line by line. */
export function benchmarkNotes(): (event: BenchmarkEvent) => void {
  let saidAtMs = performance.now()
  const beganAtMs = new Map<string, number>()
  return event => {
    const { device } = event
    const where = device.kind === 'npu' ? `device ${device.id}` : 'the CPU'
    switch (event.kind) {
      case 'opened':
        if (device.kind === 'npu') note(`[INFO] open device ${device.id} success (${device.socName})`)
        note(`[INFO] try get model batchsize:${event.batchSize}`)
        break
      case 'files': {
        const { fileBytes, inputBytes, filesPerRun, runs } = event.files
        note(
          `[INFO] get filesperbatch files0 size:${fileBytes} tensor0size:${inputBytes} filesperbatch:${filesPerRun} runcount:${runs}`,
        )
        break
      }
      case 'warm':
        beganAtMs.set(where, performance.now())
        note(`[INFO] warm up ${event.runs} done`)
        if (event.isSteady === false) note(`times still change after ${event.runs} runs, on ${where}`)
        break
      case 'progress': {
        const nowMs = performance.now()
        if (nowMs - saidAtMs < intervalMs) break
        saidAtMs = nowMs
        const elapsedMs = nowMs - (beganAtMs.get(where) ?? nowMs)
        const left = timeLeft({ elapsedMs, done: event.done, of: event.runs })
        note(`${event.done} of ${event.runs} runs on ${where}${left}`)
      }
    }
  }
}

/** The same for what has begun when it is called for the first time. */
export function shareNotes(what: string): (progress: { readonly done: number; readonly of: number }) => void {
  let saidAtMs = -Infinity
  let began: { readonly atMs: number; readonly done: number } | undefined
  return ({ done, of }) => {
    began ??= { atMs: performance.now(), done }
    if (performance.now() - saidAtMs < intervalMs) return
    note(
      saidAtMs === -Infinity
        ? `[INFO] warm up done, ${of} ${what} to come`
        : `${done} of ${of} ${what}${timeLeft({ elapsedMs: performance.now() - began.atMs, done: done - began.done, of: of - began.done })}`,
    )
    saidAtMs = performance.now()
  }
}

/** At the rate so far, behind what has been said; nothing where there is no rate yet. */
export function timeLeft({
  elapsedMs,
  done,
  of,
}: {
  readonly elapsedMs: number
  readonly done: number
  readonly of: number
}): string {
  if (elapsedMs <= 0 || done <= 0 || done >= of) return ''
  return `, ${formatDuration(((elapsedMs / done) * (of - done)) / 1000)} left`
}
