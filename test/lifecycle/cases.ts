/** The life-cycle table: states of a session x ways in which its process can end. */
export const states = ['creating', 'idle', 'running', 'queued', 'released', 'failed create'] as const
export const endings = [
  'end of script',
  'process.exit',
  'uncaught exception',
  'unhandled rejection',
  'SIGTERM',
  'SIGINT',
  'worker.terminate',
  'worker exit',
] as const

/** Which back end, and for the CPU in which isolation. */
export const backEnds = ['thread', 'process', 'default', 'npu'] as const

export type BackEnd = (typeof backEnds)[number]
export type State = (typeof states)[number]
export type Ending = (typeof endings)[number]
