/** What is said while a model is compiled. */
import type { CompilationEvent } from '../scoring'
import type { CompileEvent } from '../toolchain'
import { formatDuration, note, printable } from './terminal'

/** Between notes that atc still works: a log of an hour's compilation stays readable. */
const noteEverySeconds = 10

export function progressNotes(): (event: CompileEvent) => void {
  let nextSeconds = noteEverySeconds
  return event => {
    if (event.kind === 'output' && event.line.trim() !== '') note(`atc: ${printable(event.line.trimEnd())}`)
    if (event.kind !== 'progress' || event.elapsedSeconds < nextSeconds) return
    nextSeconds += noteEverySeconds
    note(`compiling for ${formatDuration(event.elapsedSeconds)}`)
  }
}

/** For commands that compile only if they have to. */
export function compilationNotes(): (event: CompilationEvent) => void {
  const ofAtc = progressNotes()
  let graph = ''
  return event => {
    switch (event.kind) {
      case 'graph': {
        const { target, reason } = event.graph
        graph =
          target === null
            ? `the ONNX model as it is${reason === null ? '' : `: ${reason}`}`
            : `target ${target}`
        return
      }
      case 'waiting':
        note('another process is compiling this model; waiting for it')
        return
      case 'atc':
        if (event.event.kind === 'started') note(`compiling for NPUs with atc, once (${printable(graph)})`)
        ofAtc(event.event)
        return
      case 'ready': {
        const { origin, soc, socSource, path } = event.model
        const how = origin === 'cache' ? 'from the cache' : 'compiled'
        note(`offline model for ${soc} (says ${socSource}), ${how}: ${path}`)
        return
      }
      case 'not on an NPU':
        note(`on the CPU: ${printable(event.reason)}`)
    }
  }
}
