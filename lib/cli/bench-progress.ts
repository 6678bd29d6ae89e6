import type { BenchmarkEvent } from '../benchmark'
import { note } from './terminal'

/** A long benchmark says now and then how far it is. */
const intervalMs = 10_000

/** What goes on, line by line. */
export function benchmarkNotes(): (event: BenchmarkEvent) => void {
  let saidAtMs = performance.now()
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
        note(`[INFO] warm up ${event.runs} done`)
        if (event.isSteady === false) note(`times still change after ${event.runs} runs, on ${where}`)
        break
      case 'progress':
        if (performance.now() - saidAtMs < intervalMs) break
        saidAtMs = performance.now()
        note(`${event.done} of ${event.runs} runs on ${where}`)
    }
  }
}

/** The same for what has begun when it is called for the first time. */
export function shareNotes(what: string): (progress: { readonly done: number; readonly of: number }) => void {
  let saidAtMs = -Infinity
  return ({ done, of }) => {
    if (performance.now() - saidAtMs < intervalMs) return
    note(saidAtMs === -Infinity ? `[INFO] warm up done, ${of} ${what} to come` : `${done} of ${of} ${what}`)
    saidAtMs = performance.now()
  }
}
